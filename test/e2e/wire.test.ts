import { connect } from "node:net";
import { beforeAll, describe, expect, inject, test } from "vitest";
import { ACCOUNTS, tokenFor } from "../support/clients.ts";

/** What no client's library would send: written to the socket as it is. */

const { host, hostname, port } = new URL(inject("gateway"));
let token = "";
beforeAll(async () => {
  token = await tokenFor(inject("gateway"), ACCOUNTS.viewer);
});

/** The status of the answer to a raw request; 0 if the connection was closed without one. */
function statusOf(lines: readonly string[], body = ""): Promise<number> {
  return new Promise((resolve, reject) => {
    let answer = "";
    const socket = connect({ host: hostname, port: Number(port) }, () => {
      socket.write(`${[...lines, `Content-Length: ${body.length}`, "Connection: close"].join("\r\n")}\r\n\r\n${body}`);
    });
    socket.on("data", (data: Buffer) => (answer += data.toString("latin1")));
    socket.on("close", () => resolve(Number(/^HTTP\/1\.1 (\d+)/.exec(answer)?.[1] ?? 0)));
    socket.on("error", reject);
  });
}

const LIST = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/list" });
const START = "POST /mcp HTTP/1.1";
const TYPES = ["Content-Type: application/json", "Accept: application/json, text/event-stream"];
const post = (...headers: string[]) => statusOf([START, `Host: ${host}`, ...TYPES, ...headers], LIST);

describe("headers that are there twice", () => {
  test("once, they are taken", async () => {
    expect(await post(`Authorization: Bearer ${token}`)).toBe(200);
    expect(await post(`authorization: bearer ${token}`)).toBeOneOf([200, 401]);
  });

  test.each([
    ["a wrong token before a right one", () => ["Authorization: Bearer x", `Authorization: Bearer ${token}`]],
    ["a right token before a wrong one", () => [`Authorization: Bearer ${token}`, "Authorization: Bearer x"]],
  ])("%s: nobody is let in", async (_, headers) => {
    expect(await post(...headers())).toBe(401);
  });

  test.each([
    ["Origin", ["Origin: http://localhost", "Origin: https://evil.example"], 403],
    ["the method", ["Mcp-Method: tools/list", "Mcp-Method: tools/call"], 400],
    ["the session", ["Mcp-Session-Id: a", "Mcp-Session-Id: b"], 400],
  ] as const)("%s twice is refused", async (_, headers, status) => {
    expect(await post(`Authorization: Bearer ${token}`, ...headers)).toBe(status);
  });

  // Two of them do not get past `wrangler dev` itself, which fails with 500.
  test("Host twice, another, or none, is refused", async () => {
    const rest = [...TYPES, `Authorization: Bearer ${token}`];
    for (const hosts of [
      [`Host: ${host}`, "Host: evil.example"],
      ["Host: evil.example"],
      [],
      [`Host: evil.example, ${host}`],
    ]) {
      expect(await statusOf([START, ...hosts, ...rest], LIST), hosts.join()).toBeOneOf([0, 400, 421, 500]);
    }
  });
});
