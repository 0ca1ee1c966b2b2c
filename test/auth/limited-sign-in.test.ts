import { expect, test } from "vitest";
import { limitedSignIn } from "../../src/auth/limited-sign-in.ts";
import type { SignIn } from "../../src/auth/sign-in.ts";
import { DEMO_HOME } from "../../src/homes/home.ts";
import { Fault, type FaultType, NotSent } from "../../src/lib/errors.ts";
import { NO_LIMITS } from "../../src/limits/port.ts";

/** What is counted after one sign-in that ended so. */
async function countedAfter(error: Error): Promise<number> {
  let counted = 0;
  const tally = {
    take: async () => (counted += 1),
    giveBack: async () => {
      counted -= 1;
    },
    clear: async () => {
      counted = 0;
    },
  };
  const signIn: SignIn = {
    homes: [DEMO_HOME],
    accounts: true,
    providers: [],
    rules: { sources: new Set(), people: new Map() },
    async signIn() {
      throw error;
    },
  };
  const limited = limitedSignIn(signIn, { ...NO_LIMITS, tally: () => tally });
  await expect(limited.signIn(DEMO_HOME.id, { username: "ann", password: "x" })).rejects.toThrow(Error);
  return counted;
}

test.each<FaultType>(["unauthorized", "forbidden", "timeout"])(
  "a sign-in that ends as %s is counted: the home may have counted it",
  async (type) => {
    expect(await countedAfter(new Fault(type, "x"))).toBe(1);
  },
);

test.each<[string, Fault]>([
  ["did not reach the home", new Fault("connection_failed", "x")],
  ["was not sent, because the home is busy", new NotSent("operation_failed", "x")],
  ["was refused for the rate", new Fault("operation_failed", "x", { details: { statusCode: 429 } })],
  ["met a failure of the home", new Fault("operation_failed", "x", { details: { statusCode: 500 } })],
])("a sign-in that %s is given back", async (_, fault) => {
  expect(await countedAfter(fault)).toBe(0);
});

test("a bug of ours gives nothing back", async () => {
  expect(await countedAfter(new Error("x"))).toBe(1);
});
