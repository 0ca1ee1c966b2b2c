import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { BEGINNING, hashOf } from "../../src/activity/chain.ts";
import { endLine, entryLine, headLine, verifyExport } from "../../src/activity/export.ts";
import { type Activity, type KeptActivity, RESULTS } from "../../src/contract/activity.ts";

const NOW = Date.UTC(2026, 10, 21);
const text = fc.string({ unit: "binary", maxLength: 20 });
const activity: fc.Arbitrary<Activity> = fc.record({
  who: text,
  client: text,
  what: text,
  subject: text,
  result: fc.constantFrom(...RESULTS),
  why: fc.option(text),
});

function chained(activities: readonly Activity[], after = BEGINNING): KeptActivity[] {
  let last = after;
  return activities.map((each, index) => {
    const entry = { ...each, seq: last.seq + 1, at: NOW + index * 1000 };
    last = { seq: entry.seq, hash: hashOf(last.hash, entry) };
    return { ...entry, hash: last.hash };
  });
}

function exported(entries: readonly KeptActivity[], after = BEGINNING): string[] {
  return [headLine("demo", after, NOW), ...entries.map((each) => entryLine(each)), endLine(entries.at(-1) ?? after)];
}

const verify = (lines: readonly string[]) => verifyExport(`${lines.join("\n")}\n`);

describe("an export", () => {
  test("is whole as it was made, from the beginning or from later on", () => {
    const somewhere = fc.record({ seq: fc.nat(1e6), hash: fc.stringMatching(/^[0-9a-f]{64}$/) });
    fc.assert(
      fc.property(fc.array(activity, { maxLength: 8 }), fc.option(somewhere), (activities, later) => {
        const after = later === null || later.seq === 0 ? BEGINNING : later;
        const verdict = verify(exported(chained(activities, after), after));
        expect(verdict).toMatchObject({ ok: true, home: "demo", entries: activities.length });
      }),
    );
  });

  test("shows each change of any field of any entry", () => {
    const changed = { who: "x!", client: "x!", what: "x!", subject: "x!", why: "x!" } as const;
    fc.assert(
      fc.property(
        fc.array(activity, { minLength: 1, maxLength: 6 }),
        fc.nat(),
        fc.constantFrom("who", "client", "what", "subject", "why", "result", "at", "seq", "hash"),
        (activities, at, field) => {
          const entries = chained(activities);
          const index = at % entries.length;
          const forged = entries.map((each, place) => {
            if (place !== index) return each;
            if (field === "result") return { ...each, result: each.result === "done" ? "failed" : "done" } as const;
            if (field === "at") return { ...each, at: each.at + 1 };
            if (field === "seq") return { ...each, seq: each.seq + 1 };
            if (field === "hash")
              return { ...each, hash: each.hash.replace(/^./, (digit) => (digit === "0" ? "1" : "0")) };
            return { ...each, [field]: `${each[field] ?? ""}${changed[field]}` };
          });
          expect(verify(exported(forged)).ok).toBe(false);
        },
      ),
    );
  });

  test("shows what was left out, doubled, swapped, put in or cut off", () => {
    const lines = exported(chained(fc.sample(activity, 5)));
    const without = (index: number) => lines.toSpliced(index, 1);
    for (let index = 0; index < lines.length; index += 1) {
      expect(verify(without(index)).ok).toBe(false);
      expect(verify(lines.toSpliced(index, 0, lines[index] ?? "")).ok).toBe(false);
    }
    expect(verify([lines[0], lines[2], lines[1], ...lines.slice(3)].map((line) => line ?? "")).ok).toBe(false);
    expect(verify([...lines, lines[1] ?? ""]).ok).toBe(false);
    expect(verify(lines.slice(0, 3))).toMatchObject({ ok: false, why: expect.stringContaining("cut off") });
  });

  test.each(["", "{}", "no JSON", "[]\n[]", '{"format":"pimcp-activity-2"}'])("is not %j", (other) => {
    expect(verifyExport(other)).toMatchObject({ ok: false, line: 1 });
  });

  test("does not begin with a made-up nothing", () => {
    const after = { seq: 0, hash: "1".repeat(64) };
    expect(verify(exported(chained([], after), after)).ok).toBe(false);
  });
});
