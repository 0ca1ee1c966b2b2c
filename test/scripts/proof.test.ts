import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, test, vi } from "vitest";
import { z } from "zod";
import { markedPart, withMarkedPart } from "../../scripts/support/marked-part.ts";
import { type Proof, PROOFS, proofText, publish } from "../../scripts/support/proof.ts";
import { ROOT } from "../../scripts/support/wrangler.ts";

const proof: Proof = {
  part: "cost",
  options: "--long",
  aims: [{ what: "KV reads of a read tool", aim: "at most 1", measured: "1", met: true }],
  details: "More.",
  results: { reads: 1 },
};

afterEach(() => {
  vi.restoreAllMocks();
  process.exitCode = undefined;
});

test("a part tells how it is made again, where it was made, and what is held", () => {
  expect(proofText(proof, "2026-11-21, a machine.")).toBe(
    "`npm run cost -- --long`, 2026-11-21, a machine.\n\n" +
      "| what | aim | measured | met |\n| --- | --- | --- | --- |\n| KV reads of a read tool | at most 1 | 1 | yes |\n\nMore.",
  );
});

test.each([
  [true, undefined],
  [false, 1],
])("a missed aim fails the program: met %j", (met, exitCode) => {
  const log = vi.spyOn(console, "log").mockImplementation(() => undefined);
  publish({ ...proof, aims: proof.aims.map((aim) => ({ ...aim, met })) }, { json: true, write: false });
  expect(process.exitCode).toBe(exitCode);
  const printed = z.looseObject({ results: z.unknown() }).parse(JSON.parse(String(log.mock.calls[0]?.[0])));
  expect(printed).toMatchObject({ part: "cost", aims: [{ met }], results: { reads: 1 } });
});

test("the document has each part, made by a command that exists", () => {
  const document = readFileSync(join(ROOT, "docs/proof.md"), "utf8");
  const Package = z.object({ scripts: z.record(z.string(), z.string()) });
  const { scripts } = Package.parse(JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")));
  for (const [part, command] of Object.entries(PROOFS)) {
    expect(scripts).toHaveProperty([command.replace("npm run ", "")]);
    expect(markedPart(document, part)).toContain(`\`${command}`);
    expect(markedPart(document, part)).not.toContain(ROOT);
  }
});

test("a part that a document has no place for is not written", () => {
  expect(() => withMarkedPart("# Nothing", "cost", "text")).toThrow('no part "cost"');
});
