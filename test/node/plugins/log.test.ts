import { appendFileSync, chmodSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { Refusal } from "../../../src/node/plugin.ts";
import { log } from "../../../src/node/plugins/log.ts";
import { opened, scratch } from "../../support/plugins.ts";

/** What stands for journalctl tells its arguments, the oldest last, as `--reverse` does. */
function journal(script: string): string {
  const path = join(scratch(), "journalctl");
  writeFileSync(path, `#!/bin/bash\n${script}\n`);
  chmodSync(path, 0o755);
  return path;
}

async function tailing(text: string, settings: object = {}) {
  const folder = scratch();
  const path = join(folder, "app.log");
  writeFileSync(path, text);
  const { run } = await opened(log, { files: { app: path }, ...settings });
  return { path, folder, tail: (input: object = {}) => run("log.tail", { source: "app", ...input }) };
}

describe("files", () => {
  test("shows the last lines", async () => {
    const { tail, path } = await tailing("one\ntwo\nthree\n");
    expect(await tail({ lines: 2 })).toStrictEqual({ source: "app", lines: ["two", "three"], truncated: true });
    expect(await tail()).toMatchObject({ lines: ["one", "two", "three"], truncated: false });
    appendFileSync(path, "four\n");
    expect(await tail({ lines: 1 })).toMatchObject({ lines: ["four"] });
    await expect(tail({ since: "2026-01-01T00:00:00Z" })).rejects.toThrow(/only for units/);
    await expect(tail({ since: "yesterday" })).rejects.toThrow(/must be a time/);
  });

  test("reads no more than its limits", async () => {
    const { tail } = await tailing(`${"x".repeat(60)}\n`.repeat(100), { max_bytes: 256, max_lines: 3 });
    const answer = await tail({ lines: 500 });
    expect(answer).toMatchObject({ truncated: true, lines: Array.from({ length: 3 }, () => "x".repeat(60)) });
  });

  test("removes what looks like a secret, also where its beginning is cut off", async () => {
    const { tail } = await tailing(
      [
        "-----BEGIN PRIVATE KEY-----",
        "canary1",
        "-----END PRIVATE KEY-----",
        "login password=canary2 ok",
        'sent {"api_key": "canary3"}',
        "Authorization: Basic Y2FuYXJ5NA==",
        "GET https://pi:canary5@host/x",
        "jwt eyJhbGciOiJub25lIn0.canary6",
        "use AKIAIOSFODNN7CANARY7",
        "all is well\u001b[31m\u202e",
      ].join("\n"),
    );
    const text = JSON.stringify(await tail());
    expect(text).not.toMatch(/canary|Y2FuYXJ5|CANARY/);
    expect(text).toContain("all is well");
    expect(text).not.toMatch(/\\u001b|\u202e/);
    const cut = await tailing(
      `-----BEGIN PRIVATE KEY-----\n${"canary\n".repeat(100)}-----END PRIVATE KEY-----\nwell\n`,
      {
        max_bytes: 256,
      },
    );
    expect(await cut.tail()).toMatchObject({ lines: ["well"] });
  });

  test("only files that are named, and only plain ones at that place", async () => {
    const { tail, path, folder } = await tailing("x");
    await expect(tail({ source: "/etc/passwd" })).rejects.toThrow(Refusal);
    await expect(tail({ source: path })).rejects.toThrow(Refusal);
    rmSync(path);
    await expect(tail()).rejects.toThrow(/does not exist/);
    writeFileSync(join(folder, "secret"), "canary");
    symlinkSync(join(folder, "secret"), path);
    await expect(tail()).rejects.toThrow(/is a link/);
  });

  test("a folder that is swapped for a link leads nowhere", async () => {
    const folder = scratch();
    const { mkdirSync } = await import("node:fs");
    mkdirSync(join(folder, "logs"));
    mkdirSync(join(folder, "other"));
    writeFileSync(join(folder, "logs/app.log"), "x");
    writeFileSync(join(folder, "other/app.log"), "canary");
    const { run } = await opened(log, { files: { app: join(folder, "logs/app.log") } });
    renameSync(join(folder, "logs"), join(folder, "away"));
    symlinkSync(join(folder, "other"), join(folder, "logs"));
    await expect(run("log.tail", { source: "app" })).rejects.toThrow(/changed while/);
  });
});

const journaling = (script: string) => ({ units: ["k3s.service"], journalctl: journal(script) });

describe("units", () => {
  test("asks journalctl by its arguments, newest first", async () => {
    const { run } = await opened(log, journaling('for a in "$@"; do echo "$a"; done; env | sort | head -1'));
    const answer = await run("log.tail", { source: "k3s.service", lines: 50, since: "2026-01-01T00:00:00+01:00" });
    const lines = answer["lines"];
    expect(Array.isArray(lines) ? lines.toReversed().slice(0, 7) : lines).toStrictEqual([
      "--unit=k3s.service",
      "--lines=50",
      "--no-pager",
      "--quiet",
      "--output=short-iso",
      "--reverse",
      "--since=@1767222000",
    ]);
  });

  test("other units, patterns and options are refused", async () => {
    const { run } = await opened(log, journaling("echo x"));
    for (const source of [
      "ssh.service",
      "*",
      "k3s*",
      "k3s.service --file=/etc/passwd",
      "--file=/etc/passwd",
      "K3S.service",
    ]) {
      await expect(run("log.tail", { source }), source).rejects.toThrow(Refusal);
    }
    expect(log.settings.safeParse({ units: ["*.service"] }).success).toBe(false);
  });

  test("the oldest lines are those that do not fit", async () => {
    const { run } = await opened(log, { ...journaling('for i in {1..1000}; do echo "line $i"; done'), max_bytes: 256 });
    const answer = await run("log.tail", { source: "k3s.service", lines: 5000 });
    expect(answer).toMatchObject({ truncated: true });
    expect(Array.isArray(answer["lines"]) && answer["lines"].at(-1)).toBe("line 1");
  });

  test("says what journalctl says, and ends with its call", async () => {
    const failing = await opened(log, journaling("echo 'no permission' >&2; exit 1"));
    await expect(failing.run("log.tail", { source: "k3s.service" })).rejects.toThrow(
      /journalctl failed: no permission/,
    );
    const slow = await opened(log, journaling("sleep 60"));
    const controller = new AbortController();
    const running = slow.run("log.tail", { source: "k3s.service" }, { signal: controller.signal });
    setTimeout(() => controller.abort(new Error("cancelled")), 50);
    await expect(running).rejects.toThrow("cancelled");
  });

  test("the real journalctl takes these arguments", async () => {
    const { run } = await opened(log, { units: ["k3s.service"] });
    const input = { source: "k3s.service", since: "2026-01-01T00:00:00Z" };
    await expect(run("log.tail", input)).resolves.toMatchObject({ source: "k3s.service", truncated: false });
  });
});

test("without anything to show it does not work at all", async () => {
  await expect(opened(log, {})).rejects.toThrow(/nothing to show/);
});
