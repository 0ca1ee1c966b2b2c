import { execFile } from "node:child_process";
import { join } from "node:path";
import { afterEach, beforeAll, describe, expect, inject, test } from "vitest";
import { z } from "zod";
import { Person } from "../../scripts/support/person.ts";
import { ACCOUNTS, connectV2 } from "../support/clients.ts";
import { press } from "../support/forms.ts";
import { steerHome } from "../support/home.ts";

const gateway = inject("gateway");
const home = steerHome(inject("home"));

const Diagnosed = z.object({
  homes: z.tuple([
    z.object({
      hops: z.array(z.object({ hop: z.string(), state: z.string(), seen: z.string(), remedy: z.string().optional() })),
    }),
  ]),
  clients: z.array(z.object({ client: z.string(), called: z.string().nullable(), state: z.string() })),
});

let client: Awaited<ReturnType<typeof connectV2>>["client"];
beforeAll(async () => {
  ({ client } = await connectV2(gateway, ACCOUNTS.viewer));
  return () => client.close();
});
afterEach(() => home.mend());

async function diagnose() {
  const { isError, structuredContent } = await client.callTool({ name: "diagnose_home", arguments: {} });
  expect(isError).not.toBe(true);
  return Diagnosed.parse(structuredContent);
}

describe("diagnose_home", () => {
  test("of a home that is well, and of the client that asks", async () => {
    const { homes, clients } = await diagnose();
    expect(homes[0].hops.filter(({ state }) => state === "failed")).toStrictEqual([]);
    // The home is on this computer, so that nothing is encrypted; nobody asked for the default account, and no K3s API is configured.
    expect(homes[0].hops.filter(({ state }) => state === "skipped").map(({ hop }) => hop)).toStrictEqual([
      "tls",
      "default_login",
      "k3s",
    ]);
    expect(clients[0]).toMatchObject({ client: "PiMCP demo", called: expect.any(String), state: "ok" });
  });

  test.each([
    ["reset", "tunnel"],
    ["html", "controller"],
    ["redirect", "controller"],
    ["wrong-shape", "controller"],
    ["error-500", "controller"],
    ["cut", "controller"],
  ] as const)("of a home whose health is %s: %s is broken, with one remedy", async (how, broken) => {
    await home.break("/health", how);
    const { hops } = (await diagnose()).homes[0];
    const failed = hops.filter(({ state }) => state === "failed");
    expect(failed.map(({ hop }) => hop)).toStrictEqual([broken]);
    expect(failed[0]?.remedy).toBeTypeOf("string");
    expect(hops.find(({ hop }) => hop === "agents")?.seen).toBe(`Not looked at: ${broken} failed.`);
  });

  test("of a home that hangs: it ends in time", async () => {
    await home.break("/health", "hang");
    const { hops } = (await diagnose()).homes[0];
    expect(hops[0]).toMatchObject({ hop: "tunnel", state: "failed", seen: expect.stringMatching(/in time/) });
  });

  test("a home_id that is nobody's", async () => {
    const { isError, content } = await client.callTool({ name: "diagnose_home", arguments: { home_id: "cellar" } });
    expect(isError).toBe(true);
    expect(JSON.stringify(content)).toContain("no such home");
  });
});

describe("/doctor", () => {
  const PAGE = new URL("/doctor", gateway);

  async function pageOf(person: Person) {
    const first = await person.go(PAGE);
    expect(first.html).toContain("what is broken on the way to your home");
    return person.signIn(first);
  }

  test("shows the way and the clients to whoever has signed in, without a script", async () => {
    const page = await pageOf(new Person(ACCOUNTS.viewer));
    expect(page.url.pathname).toBe("/doctor");
    expect(page.html).toContain("pi-controller: ✓ works");
    expect(page.html).toContain("PiMCP demo");
    expect(page.html).toContain("It calls tools.");
    expect(page.html).not.toContain("Try the default account");
    expect(page.html).not.toMatch(/<script|style=|\son\w+=/);
    const response = await fetch(PAGE);
    await response.body?.cancel();
    expect(response.headers.get("content-security-policy")).toContain("default-src 'none'");
    expect(response.headers.get("cache-control")).toBe("no-store");
  });

  test("says what is broken", async () => {
    await home.break("/health", "html");
    const { html } = await pageOf(new Person(ACCOUNTS.viewer));
    expect(html).toContain("pi-controller: ✗ broken");
    expect(html).toContain("Not looked at: controller failed.");
  });

  test("tries the default account for an admin who asks, and for nobody else", async () => {
    const admin = new Person(ACCOUNTS.admin);
    const page = await pageOf(admin);
    expect(page.html).toContain("Default account: – not looked at");
    await home.seen();
    const tried = await press(admin, page, "Try the default account");
    expect(tried.html).toContain("Default account: ✓ works");
    const logins = (await home.seen()).filter(({ path }) => path.endsWith("/login"));
    expect(logins).toHaveLength(1);

    const viewer = new Person(ACCOUNTS.viewer);
    await pageOf(viewer);
    const forced = await viewer.go(PAGE, new URLSearchParams({ default_login: "try" }));
    expect(forced.html).toContain("Default account: – not looked at");
    const foreign = await fetch(PAGE, {
      method: "POST",
      headers: { origin: "https://evil.example", "content-type": "application/x-www-form-urlencoded" },
      body: "default_login=try",
    });
    await foreign.body?.cancel();
    expect(foreign.status).toBe(403);
  });
});

describe("npm run doctor", () => {
  const RUN = join(import.meta.dirname, "../../scripts/run.mjs");

  const run = (...args: string[]) =>
    new Promise<{ code: number; out: string }>((resolve) => {
      const child = execFile(process.execPath, [RUN, "doctor", ...args], (_, stdout, stderr) =>
        resolve({ code: child.exitCode ?? -1, out: stdout + stderr }),
      );
    });

  test("goes along the way to the running gateway", async () => {
    const { code, out } = await run(`${gateway}/mcp`);
    expect(out).not.toContain("FAILED");
    for (const hop of ["address", "gateway", "public_url", "bots", "challenge", "metadata", "resource"]) {
      expect(out).toMatch(new RegExp(`ok +${hop}`));
    }
    expect(out).toContain("/doctor");
    expect(code).toBe(0);
  });

  test("says which host is not served, what is no gateway, and what is missing", async () => {
    const elsewhere = await run(inject("home"));
    expect(elsewhere).toMatchObject({ code: 1, out: expect.stringMatching(/FAILED +gateway/) });
    expect((await run(`${gateway}/mcp/`)).out).toMatch(/FAILED +address/);
    expect((await run()).out).toContain("Say which gateway");
  });
});
