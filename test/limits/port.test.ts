import { env } from "cloudflare:workers";
import { listDurableObjectIds, runInDurableObject } from "cloudflare:test";
import { expect, test, vi } from "vitest";
import { limits, TooMany } from "../../src/limits/port.ts";

const broken = { limit: () => Promise.reject(new Error("out of order")) };

test("if Cloudflare cannot count, requests go on, and the log says so", async () => {
  const lines: string[] = [];
  vi.spyOn(console, "warn").mockImplementation((line: string) => void lines.push(line));
  const counted = limits({ rate: () => broken, tallies: env.TALLY });
  expect(await counted.within("call", "demo.1")).toBe(true);
  vi.restoreAllMocks();
  expect(lines.join("")).toContain("RATE_CALL");
  expect(lines.join("")).not.toContain("demo.1");
});

test("each account and each address has a tally of its own, whose name does not tell whose", async () => {
  const counted = limits({ rate: () => broken, tallies: env.TALLY });
  const tally = counted.tally("wrongPasswords", "canary");
  for (let turn = 0; turn < 2; turn += 1) await tally.take();
  await expect(counted.tally("wrongPasswords", "canary").take()).rejects.toThrow(TooMany);
  await counted.tally("wrongPasswords", "other").take();
  await counted.tally("registrations", "canary").take();
  for (const id of await listDurableObjectIds(env.TALLY)) {
    const kept = await runInDurableObject(env.TALLY.get(id), (_object, { storage, id: { name } }) =>
      JSON.stringify([name, ...storage.kv.list()]),
    );
    expect(kept).not.toContain("canary");
  }
});
