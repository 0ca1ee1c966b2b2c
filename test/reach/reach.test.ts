import { describe, expect, test } from "vitest";
import { HOMES } from "../support/way.ts";
import { callerAs, Client } from "../support/whole.ts";

/**
 * Homes of all reaches at once, through the Worker's own session object: the ways lead out of it through its real
 * bindings, to the stand-ins of `test/support/way.ts`.
 */

const login = { username: "admin", password: "admin-demo" };
const homes = Object.fromEntries(HOMES.map(({ id }) => [id, { name: id, role: "admin" as const, login }]));
const client = new Client(callerAs("admin", { homes }));

describe("each home is reached its own way", () => {
  test.each([
    ["open", "network"],
    ["guarded", "access"],
    ["inside", "vpc"],
    ["certified", "mtls"],
  ])("%s over %s", async (home, way) => {
    const { value } = await client.call("list_clusters", { home });
    expect(JSON.stringify(value)).toContain(`"${way}-1"`);
  });
});

describe("a way that is closed says what opens it, and that nothing was changed", () => {
  test.each([
    ["wrong", "Cloudflare Access refused the request with its login page", "renew the service token"],
    ["down", "its Cloudflare Tunnel is down (HTTP 530, error 1033)", "systemctl status cloudflared"],
  ])("%s", async (home, what, remedy) => {
    for (const [tool, args] of [
      ["list_clusters", {}],
      ["create_cluster", { name: "attic" }],
    ] as const) {
      const { fault } = await client.call(tool, { home, ...args });
      expect(fault?.type).toBe("connection_failed");
      expect(fault?.message).toContain(what);
      expect(fault?.message).toContain("Nothing was changed.");
      expect(fault?.suggestions).toStrictEqual([expect.stringContaining(remedy)]);
    }
    expect(client.heard.join()).not.toContain("canary");
  });
});
