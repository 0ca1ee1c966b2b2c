import { describe, expect, test } from "vitest";
import { gate } from "../../src/auth/gate.ts";

const PUBLIC = "https://pimcp.example.com";

/** The status that a request is refused with; `undefined` if it may go on. */
function statusOf(url: string, headers: Record<string, string> = {}, publicOrigin?: string): number | undefined {
  return gate(new Request(url, { headers }), { publicOrigin })?.status;
}

describe("without PUBLIC_URL localhost and *.workers.dev are served", () => {
  test.each([
    "http://localhost:8788/mcp",
    "http://localhost/",
    "http://LOCALHOST:8788/mcp",
    "http://127.0.0.1:8788/mcp",
    "http://[::1]:8788/mcp",
    "http://[0:0:0:0:0:0:0:1]:8788/mcp",
    "https://localhost:8788/mcp",
    "https://pimcp.me.workers.dev/mcp",
    "https://pimcp.me.workers.dev:8443/mcp",
  ])("%s is", (url) => {
    expect(statusOf(url)).toBeUndefined();
  });

  test.each([
    // A page that has rebound its own name to this machine.
    "http://evil.example:8788/mcp",
    "http://localhost.evil.com/mcp",
    "http://evil-localhost/mcp",
    "http://a.localhost:8788/mcp",
    "http://127.0.0.1.nip.io:8788/mcp",
    "http://127.0.0.2:8788/mcp",
    "http://0.0.0.0:8788/mcp",
    "http://192.168.1.20:8788/mcp",
    "http://[::ffff:127.0.0.1]:8788/mcp",
    "http://localhost.:8788/mcp",
    "http://localhost@evil.example:8788/mcp",
    "https://x.workers.dev.evil.com/mcp",
    "https://evilworkers.dev/mcp",
    "https://workers.dev/mcp",
    "http://pimcp.me.workers.dev/mcp",
    "https://pimcp.example.com/mcp",
  ])("%s is not", (url) => {
    expect(statusOf(url)).toBe(421);
  });
});

describe("with PUBLIC_URL only that origin is served, scheme and port included", () => {
  test.each([
    ["https://pimcp.example.com/mcp", undefined],
    ["https://pimcp.example.com:443/mcp", undefined],
    ["https://PIMCP.EXAMPLE.COM/mcp", undefined],
    ["http://pimcp.example.com/mcp", 421],
    ["https://pimcp.example.com:8443/mcp", 421],
    ["https://a.pimcp.example.com/mcp", 421],
    ["https://pimcp.example.com.evil.com/mcp", 421],
    ["https://pimcp.example.com./mcp", 421],
    ["https://evil.com/https://pimcp.example.com", 421],
    ["https://pimcp.me.workers.dev/mcp", 421],
    ["http://localhost:8788/mcp", 421],
  ])("%s: %s", (url, status) => {
    expect(statusOf(url, {}, PUBLIC)).toBe(status);
  });
});

describe("Host and URL must agree", () => {
  test.each([
    ["http://localhost:8788/mcp", "localhost:8788", undefined],
    ["https://pimcp.me.workers.dev/mcp", "pimcp.me.workers.dev", undefined],
    ["http://[::1]:8788/mcp", "[::1]:8788", undefined],
    // DNS rebinding, both ways around.
    ["http://evil.example:8788/mcp", "localhost:8788", 421],
    ["http://localhost:8788/mcp", "evil.example:8788", 421],
    ["http://localhost:8788/mcp", "localhost", 421],
    ["http://localhost:8788/mcp", "localhost:8789", 421],
    ["http://localhost:8788/mcp", "localhost:8788.evil.example", 421],
    ["http://localhost:8788/mcp", "127.0.0.1:8788", 421],
    ["http://localhost:8788/mcp", "", 421],
  ])("%s with Host %j: %s", (url, host, status) => {
    expect(statusOf(url, { host })).toBe(status);
  });
});

describe("pages of other sites are refused", () => {
  const local = "http://localhost:8788/mcp";
  const mine = "https://pimcp.me.workers.dev/mcp";

  test.each([
    [local, "http://localhost:8788", undefined],
    [mine, "https://pimcp.me.workers.dev", undefined],
    // A page on this machine, such as the MCP Inspector.
    [mine, "http://localhost:6274", undefined],
    [mine, "http://127.0.0.1:6274", undefined],
    [mine, "http://[::1]:6274", undefined],
    [mine, "https://localhost", undefined],
    [local, "null", 403],
    [local, "", 403],
    [local, "file://", 403],
    [local, "http://evil.example:8788", 403],
    [local, "http://localhost.evil.com", 403],
    [local, "http://evil.localhost:8788", 403],
    [local, "http://localhost@evil.example", 403],
    [local, "http://localhost:8788, http://evil.example", 403],
    [local, "localhost", 403],
    [mine, "https://other.workers.dev", 403],
    [mine, "https://x.workers.dev.evil.com", 403],
    [mine, "http://pimcp.me.workers.dev", 403],
    [mine, "https://pimcp.me.workers.dev:8443", 403],
    [mine, "https://pimcp.me.workers.dev.evil.com", 403],
  ])("%s from Origin %j: %s", (url, origin, status) => {
    expect(statusOf(url, { origin })).toBe(status);
  });

  test.each([
    ["https://pimcp.example.com", undefined],
    ["http://pimcp.example.com", 403],
    ["https://example.com", 403],
    ["https://pimcp.example.com.evil.com", 403],
    ["null", 403],
  ])("PUBLIC_URL from Origin %j: %s", (origin, status) => {
    expect(statusOf(`${PUBLIC}/mcp`, { origin }, PUBLIC)).toBe(status);
  });
});

describe("a refusal", () => {
  test("says in JSON what is served, and is not cached", async () => {
    const refusal = gate(new Request("https://evil.example/mcp"), { publicOrigin: PUBLIC });
    expect(refusal?.headers.get("cache-control")).toBe("no-store");
    expect(await refusal?.json()).toStrictEqual({ error: "refused", message: `This gateway serves ${PUBLIC}.` });
  });

  test("without PUBLIC_URL says how to serve another domain", async () => {
    const refusal = gate(new Request("https://pimcp.example.com/mcp"), { publicOrigin: undefined });
    expect(await refusal?.json()).toMatchObject({ message: expect.stringContaining("set PUBLIC_URL") });
  });

  test("does not repeat what was sent", async () => {
    const headers = { origin: "https://canary.example", host: "canary.example" };
    for (const url of ["http://localhost/", "https://canary.example/"]) {
      const text = (await gate(new Request(url, { headers }), { publicOrigin: undefined })?.text()) ?? "";
      expect(text).not.toContain("canary");
      expect(text).toContain("refused");
    }
  });
});

test.each([
  [8192, undefined],
  [8193, 414],
])("a URL of %i characters: %s", (length, status) => {
  const url = "http://localhost:8788/?q=";
  expect(statusOf(url + "a".repeat(length - url.length))).toBe(status);
});
