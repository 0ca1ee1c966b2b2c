import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { deviceOf } from "../../src/auth/device-cookie.ts";
import { createSealer } from "../../src/lib/crypto.ts";

const key = new Uint8Array(32).fill(1);
const sealer = createSealer(key);
const DAY_MS = 24 * 60 * 60 * 1000;

const sentBack = (setCookie: string) => setCookie.split(";")[0] ?? "";

async function remembered(names: readonly string[], before: string | null = null) {
  return sentBack(await (await deviceOf(sealer, before)).remember("home", names));
}
const knows = async (cookie: string | null, home: string, name: string, by = sealer) =>
  (await deviceOf(by, cookie)).knows(home, name);

beforeEach(() => vi.useFakeTimers({ toFake: ["Date"], now: Date.UTC(2026, 9, 1) }));
afterEach(() => vi.useRealTimers());

describe("the cookie of a browser that has signed in", () => {
  test("is bound to this host, out of the reach of scripts, and shows no name", async () => {
    const cookie = await (await deviceOf(sealer, null)).remember("home", ["canary"]);
    expect(cookie).toMatch(/^__Host-pimcp-device=[\w.-]+; Max-Age=15552000; Path=\/; Secure; HttpOnly; SameSite=Lax$/);
    expect(cookie).not.toContain("canary");
    const inside = await sealer.open("device-cookie", sentBack(cookie).replace("__Host-pimcp-device=", ""));
    expect(JSON.stringify(inside)).toMatch(/^\["[0-9a-f]{64}"\]$/);
  });

  test("knows its names in all spellings, at their home", async () => {
    const cookie = await remembered(["operator"]);
    expect(await knows(`a=1; ${cookie}; b=2`, "home", " OPERATOR")).toBe(true);
    expect(await knows(cookie, "home", "viewer")).toBe(false);
    expect(await knows(cookie, "other", "operator")).toBe(false);
  });

  test("keeps earlier names, the newest sixteen", async () => {
    let cookie = await remembered(["first"]);
    for (let number = 0; number < 15; number += 1) cookie = await remembered([`n${number}`], cookie);
    expect(await knows(cookie, "home", "first")).toBe(true);
    cookie = await remembered(["last"], cookie);
    expect(await knows(cookie, "home", "first")).toBe(false);
    expect(await knows(cookie, "home", "last")).toBe(true);
    // Browsers drop a cookie that is larger.
    expect(cookie.length).toBeLessThan(4000);
  });

  test("lasts 180 days, and a change of the key", async () => {
    const cookie = await remembered(["operator"]);
    const rotated = createSealer(new Uint8Array(32).fill(2), key);
    vi.setSystemTime(Date.now() + 180 * DAY_MS - 1000);
    expect(await knows(cookie, "home", "operator", rotated)).toBe(true);
    vi.setSystemTime(Date.now() + 1000);
    expect(await knows(cookie, "home", "operator", rotated)).toBe(false);
  });

  test.each([null, "", "__Host-pimcp-device=", "__Host-pimcp-device=x"])("%j is a new browser's", async (header) => {
    expect(await knows(header, "home", "operator")).toBe(false);
  });
});
