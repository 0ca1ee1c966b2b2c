import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { BEGINNING, hashOf } from "../../src/activity/chain.ts";
import { endLine, entryLine, headLine } from "../../src/activity/export.ts";
import { bundled, ran, temporaryFolder } from "../support/pimcp.ts";

const folder = temporaryFolder();
let cli: string;

beforeAll(async () => {
  cli = await bundled(join(folder.path, "dist"));
});
afterAll(() => folder.remove());

function exported(): string {
  const deed = { who: "admin", client: "Claude", what: "switch GPIO device 15 to HIGH (1)", subject: "GPIO device 15" };
  const entry = { ...deed, seq: 1, at: Date.UTC(2026, 10, 21), result: "done", why: null } as const;
  const hash = hashOf(BEGINNING.hash, entry);
  const lines = [headLine("demo", BEGINNING, entry.at), entryLine({ ...entry, hash }), endLine({ seq: 1, hash })];
  return `${lines.join("\n")}\n`;
}

async function verified(text: string) {
  const file = join(folder.path, "activity.jsonl");
  writeFileSync(file, text);
  return ran([cli, "verify-activity", file], {});
}

test("a whole record is said to be whole, with the hash to compare", async () => {
  const { code, stdout } = await verified(exported());
  expect(code).toBe(0);
  expect(stdout).toMatch(/^Whole: 1 entries of home "demo", up to entry 1\.\nHash of the last one: [0-9a-f]{64}\n$/);
});

test("a forged one is told by its line, and the exit code", async () => {
  const { code, stderr } = await verified(exported().replace('"admin"', '"viewer"'));
  expect(code).toBe(1);
  expect(stderr).toContain("Not whole. Line 2:");
});

test.each([[["no-such-file"]], [[]], [["a", "b"]]])("%j is answered with how it is used", async (args) => {
  const { code, stderr } = await ran([cli, "verify-activity", ...args], {});
  expect(code).toBe(2);
  expect(stderr).toMatch(/cannot be read|FILE/);
});
