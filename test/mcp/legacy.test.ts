import { expect, test } from "vitest";
import { isPlainLegacy } from "../../src/mcp/legacy.ts";

const CALL = { jsonrpc: "2.0", id: 1, method: "tools/call", params: { name: "look" } };

test.each([
  ["2025-11-25", CALL, true],
  [null, CALL, true],
  ["2026-07-28", CALL, false],
  ["2025-11-25", { ...CALL, params: { ...CALL.params, _meta: { progressToken: 1 } } }, false],
  ["2025-11-25", { jsonrpc: "2.0", method: "notifications/initialized" }, false],
])("a request of %j is answered plainly if nothing else can be sent for it: %j", (version, body, plain) => {
  const headers = new Headers(version === null ? {} : { "mcp-protocol-version": version });
  expect(isPlainLegacy(headers, body)).toBe(plain);
});
