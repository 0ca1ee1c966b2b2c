import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { GENERIC, NEEDS, sortingOf } from "../conformance/generic.ts";
import { type Lint, lintOf } from "../conformance/inspector.ts";
import { withToken } from "../conformance/proxy.ts";
import { type Found, proofOf } from "../conformance/report.ts";
import { type Check, readResults, type Scenario } from "../conformance/results.ts";
import { runSuite } from "../conformance/suite.ts";
import { type Expected, isGood, judge, type Verdict } from "../conformance/verdict.ts";

const check = (id: string, status: Check["status"] = "SUCCESS", errorMessage?: string): Check => ({
  id,
  status,
  ...(errorMessage === undefined ? {} : { errorMessage }),
});

const entry = (scenario: string, id: string): Expected => ({ scenario, check: id, reason: "Because." });

describe("what the suite saw is held against what is expected", () => {
  const results: readonly Scenario[] = [
    { name: "ping", checks: [check("ping"), check("told", "INFO")] },
    { name: "calls", checks: [check("text"), check("image", "FAILURE", "no image"), check("later", "SKIPPED")] },
  ];

  test("a failure that nobody expects is named", () => {
    const verdict = judge(results, []);
    expect(verdict).toMatchObject({ scenarios: 2, passed: 2, failed: 1, expected: [], stale: [] });
    expect(verdict.unexpected).toStrictEqual([{ scenario: "calls", check: "image", message: "no image" }]);
    expect(isGood(verdict)).toBe(false);
  });

  test("one that is expected is good", () => {
    const entries = [entry("calls", "image")];
    const verdict = judge(results, entries);
    expect(verdict).toMatchObject({ failed: 1, unexpected: [], expected: entries, stale: [] });
    expect(isGood(verdict)).toBe(true);
  });

  test.each([
    ["whose check passes", entry("calls", "text")],
    ["whose check is skipped", entry("calls", "later")],
    ["of another scenario", entry("ping", "image")],
    ["of a check that there is not", entry("calls", "colour")],
    ["of a scenario that was not run", entry("gone", "image")],
  ])("an entry is stale %s", (_, stale) => {
    const verdict = judge(results, [entry("calls", "image"), stale]);
    expect(verdict).toMatchObject({ unexpected: [], stale: [stale] });
    expect(isGood(verdict)).toBe(false);
  });

  test("a warning counts like a failure, and a scenario that has decided nothing has not passed", () => {
    const odd = [
      { name: "ping", checks: [check("slow", "WARNING")] },
      { name: "empty", checks: [] },
      { name: "idle", checks: [check("told", "INFO"), check("later", "SKIPPED")] },
    ];
    const message = "Nothing was checked.";
    expect(judge(odd, []).unexpected).toStrictEqual([
      { scenario: "ping", check: "slow", message: "failed" },
      { scenario: "empty", check: "nothing-checked", message },
      { scenario: "idle", check: "nothing-checked", message },
    ]);
  });

  test("a check that is made several times may fail in one of them", () => {
    const twice = [{ name: "calls", checks: [check("text"), check("text", "FAILURE")] }];
    expect(isGood(judge(twice, [entry("calls", "text")]))).toBe(true);
  });
});

describe("the suite's results", () => {
  test("are read from its folders; a scenario that it could not run has failed", async () => {
    const folder = await mkdtemp(join(tmpdir(), "pimcp-results-"));
    onTestFinished(() => rm(folder, { recursive: true }));
    const written = async (name: string, text?: string) => {
      await mkdir(join(folder, name));
      if (text !== undefined) await writeFile(join(folder, name, "checks.json"), text);
    };
    await written("server-server-sse-polling-2026-11-21T18-18-47-123Z", JSON.stringify([{ ...check("a"), name: "A" }]));
    await written("authorization-server-authorization-code-grant-2026-11-21T18-18-47-123Z", "[]");
    await written("server-ping-2026-11-21T18-18-47-123Z");
    await written("notes");
    expect(await readResults(folder)).toStrictEqual([
      { name: "authorization-code-grant", checks: [] },
      { name: "ping", checks: [check("not-run", "FAILURE", "The suite could not run this scenario.")] },
      { name: "server-sse-polling", checks: [check("a")] },
    ]);
  });

  test("are none if it does not begin", async () => {
    await expect(
      runSuite(["server", "--url", "http://127.0.0.1:9/mcp", "--spec-version", "1999-01-01"]),
    ).rejects.toThrow(/ran 0 of NaN scenarios.*Unknown spec version/s);
  });
});

describe("a scenario is known to be generic or not", () => {
  const known = [...GENERIC, ...Object.values(NEEDS).flat()];

  test("and each in one list only", () => {
    expect(new Set(known).size).toBe(known.length);
    expect(sortingOf(known)).toStrictEqual({ unsorted: [], gone: [] });
  });

  test("else it is named, as after an update of the suite", () => {
    expect(sortingOf([...known.slice(1), "brand-new"])).toStrictEqual({ unsorted: ["brand-new"], gone: [known[0]] });
  });
});

const finding = (kind: string, path: string) => `${kind}: tool "look"\n  Path: ${path}\n  Issue: Odd.\n\n`;

describe("what the Inspector prints", () => {
  const tools = JSON.stringify({ result: { tools: [{ name: "look" }, { name: "write" }] } });

  test("is counted", () => {
    const stderr =
      finding("Warning", "inputSchema.properties.value") +
      finding("Warning", "outputSchema") +
      finding("Error", "inputSchema.properties.any");
    expect(lintOf(6, tools, stderr)).toStrictEqual({
      tools: 2,
      errors: 1,
      warnings: { input: 1, output: 1 },
      exitCode: 6,
    });
  });

  test("must be a list of tools", () => {
    expect(() => lintOf(1, "", "connection refused")).toThrow(/ended with 1\).*connection refused/s);
  });
});

describe("the proxy", () => {
  test("adds the token, says the gateway's host for its own, and leaves any other host as it is", async () => {
    const heard: (string | undefined)[][] = [];
    const gateway = createServer((asked, response) => {
      heard.push([asked.url, asked.headers.host, asked.headers.authorization, asked.headers["mcp-name"]?.toString()]);
      response.writeHead(418, { "x-answer": "yes" }).end("short and stout");
    });
    await new Promise<void>((resolve) => void gateway.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => void gateway.close());
    const address = gateway.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    const proxy = await withToken(`http://localhost:${port}`, "abc");
    onTestFinished(() => proxy.close());
    const answer = await fetch(proxy.url, { method: "POST", body: "{}", headers: { "mcp-name": "look" } });
    expect([answer.status, answer.headers.get("x-answer"), await answer.text()]).toStrictEqual([
      418,
      "yes",
      "short and stout",
    ]);
    await new Promise<void>((resolve) => {
      request(proxy.url, { headers: { host: "evil.example.com" } }, (response) => {
        response.resume();
        response.on("end", resolve);
      }).end();
    });
    expect(heard).toStrictEqual([
      ["/mcp", `localhost:${port}`, "Bearer abc", "look"],
      ["/mcp", "evil.example.com", "Bearer abc", undefined],
    ]);
  });
});

describe("what is published", () => {
  const good: Verdict = { scenarios: 1, passed: 2, failed: 0, unexpected: [], expected: [], stale: [] };
  const clean: Lint = { tools: 1, errors: 0, warnings: { input: 0, output: 3 }, exitCode: 0 };
  const runs = { "2026-07-28": good, "2025-11-25": good };
  const found: Found = {
    suite: { fixtures: runs, catalogue: runs, authorization: runs },
    sorting: { unsorted: [], gone: [] },
    inspector: { modern: clean, legacy: clean },
    control: { ...clean, errors: 1, exitCode: 6 },
  };
  const missed = (changed: Partial<Found>) =>
    proofOf({ ...found, ...changed })
      .aims.filter(({ met }) => !met)
      .map(({ what }) => what);

  test("misses nothing if everything passes", () => {
    expect(missed({})).toStrictEqual([]);
    expect(proofOf(found).details).not.toContain("Not as expected");
  });

  test("names what failed, and what is stale", () => {
    const unexpected = [{ scenario: "ping", check: "pong", message: "no pong" }];
    const bad = { ...good, failed: 1, unexpected, stale: [entry("calls", "text")] };
    const suite = { ...found.suite, catalogue: { ...runs, "2025-11-25": bad } };
    expect(missed({ suite })).toStrictEqual(["the real catalogue, 2025-11-25"]);
    const { details } = proofOf({ ...found, suite });
    expect(details).toContain("`ping:pong` fails: no pong");
    expect(details).toContain("`calls:text` is expected to fail, and does not");
  });

  test("names each failure that is expected, with its reason", () => {
    const expected = [entry("calls", "text"), entry("calls", "image")];
    const suite = { ...found.suite, fixtures: { ...runs, "2025-11-25": { ...good, failed: 2, expected } } };
    expect(missed({ suite })).toStrictEqual([]);
    expect(proofOf({ ...found, suite }).details).toContain("- `calls:text`, `calls:image`: Because.");
  });

  test.each<[string, Partial<Found>]>([
    ["scenarios of which", { sorting: { unsorted: ["brand-new"], gone: [] } }],
    ["the Inspector, `--strict`, 2026-07-28", { inspector: { modern: { ...clean, errors: 1 }, legacy: clean } }],
    ["the Inspector, `--strict`, 2025-11-25", { inspector: { modern: clean, legacy: { ...clean, exitCode: 6 } } }],
    ["the Inspector, `--strict`, on a bad schema", { control: clean }],
  ])("misses: %s", (what, changed) => {
    expect(missed(changed)).toStrictEqual([expect.stringContaining(what)]);
  });
});
