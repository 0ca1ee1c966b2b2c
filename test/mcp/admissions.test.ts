import { expect, test } from "vitest";
import { Admissions, type AdmissionStore } from "../../src/mcp/admissions.ts";

/** What a session keeps while it sleeps. */
function store(): AdmissionStore & { kept: unknown } {
  return {
    kept: undefined,
    load() {
      return structuredClone(this.kept);
    },
    save(told) {
      this.kept = structuredClone(told);
    },
  };
}

const CALLER = { userId: "demo.1", connectionId: "c1" };

test("an answer that was on its way when the connection was ended is not believed", async () => {
  const answers: ((good: boolean) => void)[] = [];
  const admissions = new Admissions("session", () => new Promise<boolean>((resolve) => answers.push(resolve)), store());
  const admitted = admissions.admit(CALLER, {}, 0);
  admissions.forget(CALLER.connectionId);
  answers.shift()?.(true);
  // It asks again, and this answer is from after the end.
  await expect.poll(() => answers.length).toBe(1);
  answers.shift()?.(false);
  expect(await admitted).toBe(false);
});

const CALL = { method: "tools/call" };
const MINUTE_MS = 60_000;

/** A session that sleeps between any two calls, over an account that counts how often it is asked. */
function sleepy() {
  const asked: string[] = [];
  const kept = store();
  const awake = () =>
    new Admissions(
      "session",
      (_user, { connectionId, sights }) => {
        asked.push([connectionId, ...sights].join(" "));
        return Promise.resolve(connectionId !== "ended");
      },
      kept,
    );
  return { asked, kept, awake };
}

test("a session that slept asks the account no more often than one that was awake", async () => {
  const { asked, awake } = sleepy();
  for (const minutes of [0, 1, 9]) expect(await awake().admit(CALLER, CALL, minutes * MINUTE_MS)).toBe(true);
  expect(asked).toStrictEqual(["c1 called"]);
  await awake().admit(CALLER, { method: "tools/list" }, 9 * MINUTE_MS);
  await awake().admit(CALLER, CALL, 10 * MINUTE_MS);
  expect(asked).toStrictEqual(["c1 called", "c1 listed", "c1 called"]);
});

test("what is forgotten stays forgotten, although the session sleeps before the next call", async () => {
  const { asked, awake } = sleepy();
  await awake().admit(CALLER, CALL, 0);
  awake().forget(CALLER.connectionId);
  await awake().admit(CALLER, CALL, 0);
  awake().forgetAll();
  await awake().admit(CALLER, CALL, 0);
  expect(asked).toHaveLength(3);
});

test("a refusal is not remembered, and takes back what was", async () => {
  const { asked, kept, awake } = sleepy();
  const ended = { ...CALLER, connectionId: "ended" };
  kept.kept = { ended: { used: 0 } };
  expect(await awake().admit(ended, {}, MINUTE_MS)).toBe(true);
  expect(await awake().admit(ended, {}, 11 * MINUTE_MS)).toBe(false);
  expect(await awake().admit(ended, {}, 11 * MINUTE_MS)).toBe(false);
  expect(asked).toHaveLength(2);
});

test("what cannot be read of an older version is asked anew", async () => {
  const { asked, kept, awake } = sleepy();
  kept.kept = { c1: "yesterday" };
  expect(await awake().admit(CALLER, CALL, 0)).toBe(true);
  expect(asked).toHaveLength(1);
});
