import { afterEach, beforeAll, expect, test, vi } from "vitest";
import { DemoHome } from "../../../src/demo/demo-home.ts";
import { tools } from "../../../src/tools/index.ts";
import { ACCOUNTS } from "../../support/accounts.ts";
import { ask, ORIGIN, signInAs } from "../../support/in-isolate.ts";
import { HOME_IDS } from "../support/places.ts";
import { leave } from "../support/steer.ts";
import { everyStore } from "../support/store.ts";
import { bodyOf, HEADERS } from "../support/told.ts";

/** A store that fails where tokens are looked up: nobody gets in, and nobody is told that they must sign in again. */

const AT = HOME_IDS[0] ?? "";

let token = "";
beforeAll(async () => {
  vi.spyOn(console, "info").mockReturnValue();
  token = (await signInAs(ACCOUNTS.admin)).issued.access_token;
});
afterEach(() => {
  vi.restoreAllMocks();
});

test.each(tools)("$name: the store of tokens cannot be read", async ({ name, annotations }) => {
  const asked = vi.spyOn(DemoHome.prototype, "fetch");
  vi.spyOn(everyStore, "get").mockRejectedValue(new Error("KV GET failed: 500 canary"));
  vi.spyOn(console, "error").mockReturnValue();
  const began = performance.now();
  const headers = { ...HEADERS, authorization: `Bearer ${token}` };
  const response = await ask(`${ORIGIN}/mcp`, { method: "POST", headers, body: bodyOf(name, {}) });
  const text = await response.text();
  // A 401 would make clients throw their tokens away.
  expect(response.status).toBe(503);
  expect(JSON.parse(text)).toMatchObject({ error: { message: expect.stringMatching(/Nothing was done: try again/) } });
  expect(text).not.toMatch(/canary|\n\s+at /);
  expect(asked).not.toHaveBeenCalled();
  const what = "the key-value store cannot be read where callers are looked up";
  const seen = { outcome: "not done", problems: [], told: text, ms: performance.now() - began };
  await leave(AT, [{ tool: name, reads: annotations.readOnlyHint, fault: "kv-front", what, at: "", ...seen }]);
});
