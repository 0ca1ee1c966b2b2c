import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { BELIEVED_MS, MAX_KNOWN, TokenMemory } from "../../src/auth/token-memory.ts";

const RESOURCE = "https://pimcp.example/mcp";
const OTHER = "https://pimcp.example/mcp/h/cottage";
const START = 1_800_000_000_000;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["Date"], now: START });
});
afterEach(() => {
  vi.useRealTimers();
});

/** A store of tokens that counts how often it is asked. */
function memory(lifeMs = 24 * 60 * 60 * 1000) {
  const asked: string[] = [];
  const revoked = new Set<string>();
  const known = new TokenMemory((resource, token) => {
    asked.push(token);
    const good = !revoked.has(token) && resource === RESOURCE;
    return Promise.resolve(good ? { token, expiresAt: (START + lifeMs) / 1000 } : null);
  });
  return { known, asked, revoked };
}

describe("a token that was found good", () => {
  test("is looked up once in half a minute", async () => {
    const { known, asked, revoked } = memory();
    for (let count = 0; count < 5; count += 1) expect(await known.of(RESOURCE, "a")).toMatchObject({ token: "a" });
    expect(asked).toStrictEqual(["a"]);
    revoked.add("a");
    vi.setSystemTime(START + BELIEVED_MS);
    expect(await known.of(RESOURCE, "a")).toBeNull();
    expect(await known.of(RESOURCE, "a")).toBeNull();
    expect(asked).toHaveLength(3);
  });

  test("is never believed beyond its own end", async () => {
    const { known, asked } = memory(10_000);
    await known.of(RESOURCE, "a");
    vi.setSystemTime(START + 10_000);
    await known.of(RESOURCE, "a");
    expect(asked).toHaveLength(2);
  });

  test("is good for its own endpoint alone", async () => {
    const { known } = memory();
    expect(await known.of(RESOURCE, "a")).not.toBeNull();
    expect(await known.of(OTHER, "a")).toBeNull();
  });

  test("makes room for others", async () => {
    const { known, asked } = memory();
    for (let count = 0; count <= MAX_KNOWN; count += 1) await known.of(RESOURCE, `t${count}`);
    await known.of(RESOURCE, `t${MAX_KNOWN}`);
    expect(asked).toHaveLength(MAX_KNOWN + 1);
    await known.of(RESOURCE, "t0");
    expect(asked).toHaveLength(MAX_KNOWN + 2);
  });
});

test("what is not good is asked about each time, and takes no room", async () => {
  const { known, asked } = memory();
  for (let count = 0; count < 3; count += 1) expect(await known.of(OTHER, "bad")).toBeNull();
  expect(asked).toHaveLength(3);
});
