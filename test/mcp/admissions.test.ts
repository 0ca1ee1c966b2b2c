import { expect, test } from "vitest";
import { Admissions } from "../../src/mcp/admissions.ts";

const CALLER = { userId: "demo.1", connectionId: "c1" };

test("an answer that was on its way when the connection was ended is not believed", async () => {
  const answers: ((good: boolean) => void)[] = [];
  const admissions = new Admissions("session", () => new Promise<boolean>((resolve) => answers.push(resolve)));
  const admitted = admissions.admit(CALLER, {}, 0);
  admissions.forget(CALLER.connectionId);
  answers.shift()?.(true);
  // It asks again, and this answer is from after the end.
  await expect.poll(() => answers.length).toBe(1);
  answers.shift()?.(false);
  expect(await admitted).toBe(false);
});
