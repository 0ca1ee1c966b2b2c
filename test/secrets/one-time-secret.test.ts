import { env } from "cloudflare:workers";
import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { afterEach, describe, expect, test, vi } from "vitest";
import type { Caller } from "../../src/contract/caller.ts";
import { createSealer } from "../../src/lib/crypto.ts";
import { SECRET_MS } from "../../src/secrets/one-time-secret.ts";
import { leftSecrets, secretsPort } from "../../src/secrets/port.ts";

const ORIGIN = "https://pimcp.example";
const OWNER = { userId: "demo.3", homes: { demo: {}, town: {} } };
const STRANGER = { userId: "demo.2", homes: { demo: {} } };
/** The same person, who has not shown that they are of the secret's home. */
const ELSEWHERE = { userId: "demo.3", homes: { town: {} } };
const VALUE = "-----BEGIN EC PRIVATE KEY-----\ncanary\n-----END EC PRIVATE KEY-----";

const sealer = createSealer(crypto.getRandomValues(new Uint8Array(32)));
const caller: Caller = { userId: OWNER.userId, userName: "admin", clientId: "c", connectionId: "x", homes: {} };
const left = leftSecrets(env.ONE_TIME_SECRET, sealer);

/** Leaves a secret. */
async function keep(value = VALUE) {
  const { url, expires_at } = await secretsPort(env.ONE_TIME_SECRET, sealer, caller, "demo", ORIGIN).keep(
    "private key of pi",
    value,
  );
  const id = url.slice(url.lastIndexOf("/") + 1);
  return { id, url, expires_at, object: env.ONE_TIME_SECRET.getByName(id) };
}

const rowsOf = (object: Awaited<ReturnType<typeof keep>>["object"]) =>
  runInDurableObject(object, (_object, state) => [...state.storage.kv.list()]);

afterEach(() => vi.useRealTimers());

describe("a secret that was left", () => {
  test("has an address that cannot be guessed, for ten minutes", async () => {
    vi.setSystemTime(new Date("2026-01-01T00:00:00Z"));
    const { url, expires_at } = await keep();
    expect(url).toMatch(
      /^https:\/\/pimcp\.example\/secrets\/[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$/,
    );
    expect(expires_at).toBe("2026-01-01T00:10:00.000Z");
  });

  test("is handed out once, after any number of looks at what it is, and then nothing is stored", async () => {
    const { id, object } = await keep();
    expect(await left.label(id, OWNER)).toBe("private key of pi");
    expect(await left.label(id, OWNER)).toBe("private key of pi");
    expect(await left.take(id, OWNER)).toStrictEqual({ label: "private key of pi", value: VALUE });
    expect(await left.take(id, OWNER)).toBeUndefined();
    expect(await left.label(id, OWNER)).toBeUndefined();
    expect(await rowsOf(object)).toStrictEqual([]);
    expect(await runInDurableObject(object, (_object, state) => state.storage.getAlarm())).toBeNull();
  });

  test("is handed out once also to two who ask at the same time", async () => {
    const { id } = await keep();
    const taken = await Promise.all(Array.from({ length: 8 }, () => left.take(id, OWNER)));
    expect(taken.filter((each) => each !== undefined)).toHaveLength(1);
  });

  test("does not exist for anybody else, who cannot spoil it either", async () => {
    const { id } = await keep();
    const never = crypto.randomUUID();
    expect(await left.label(id, STRANGER)).toBe(await left.label(never, STRANGER));
    expect(await left.take(id, STRANGER)).toBe(await left.take(never, STRANGER));
    expect(await left.label(id, ELSEWHERE)).toBeUndefined();
    expect(await left.take(id, ELSEWHERE)).toBeUndefined();
    expect(await left.take(id, OWNER)).toMatchObject({ value: VALUE });
  });

  test("is stored sealed, and opens only with the key, and only where it was put", async () => {
    const { id, object } = await keep();
    expect(JSON.stringify(await rowsOf(object))).not.toContain("canary");
    const { id: other, object: elsewhere } = await keep();
    const [row] = await rowsOf(object);
    await runInDurableObject(elsewhere, (_object, state) => {
      if (row !== undefined) state.storage.kv.put(row[0], row[1]);
    });
    expect(await left.take(other, OWNER)).toBeUndefined();
    const otherKey = leftSecrets(env.ONE_TIME_SECRET, createSealer(new Uint8Array(32)));
    expect(await otherKey.take(id, OWNER)).toBeUndefined();
  });

  test("survives eviction", async () => {
    const { id, object } = await keep();
    await evictDurableObject(object);
    expect(await left.take(id, OWNER)).toMatchObject({ value: VALUE });
  });

  test("is gone after ten minutes, even if the alarm is late; the alarm deletes what is stored", async () => {
    const { id, object } = await keep();
    vi.setSystemTime(Date.now() + SECRET_MS - 1000);
    expect(await left.label(id, OWNER)).toBeDefined();
    vi.setSystemTime(Date.now() + 1000);
    expect(await left.label(id, OWNER)).toBeUndefined();
    expect(await left.take(id, OWNER)).toBeUndefined();
    expect(await rowsOf(object)).toHaveLength(1);
    expect(await runDurableObjectAlarm(object)).toBe(true);
    expect(await rowsOf(object)).toStrictEqual([]);
  });
});
