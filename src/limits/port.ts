import { sha256Hex } from "../lib/crypto.ts";
import { describeError, log } from "../lib/log.ts";
import { RATES, type RateName, TALLIES, type TallyName } from "./table.ts";
import type { TallyObject } from "./tally.ts";

/** Counted exactly; see `tally.ts`. */
export interface Tally {
  /** @throws TooMany */
  take(): Promise<number>;
  giveBack(mark: number): Promise<void>;
  clear(): Promise<void>;
}

/** All that is counted. */
export interface Limits {
  /** Counts one, and whether it may go on. */
  within(rate: RateName, key: string): Promise<boolean>;
  /** What is counted of one account or address. */
  tally(name: TallyName, key: string): Tally;
}

/** More was asked than a limit allows. */
export class TooMany extends Error {
  /** After how long to try again. */
  readonly seconds: number;

  constructor(seconds: number) {
    super(`Too many requests: wait ${seconds} s.`);
    this.name = "TooMany";
    this.seconds = seconds;
  }
}

/** The tries of a name are used up. */
export class OutOfTries extends TooMany {}

interface Bindings {
  readonly rate: (name: RateName) => Pick<RateLimit, "limit">;
  readonly tallies: Pick<DurableObjectNamespace<TallyObject>, "getByName">;
}

/** The limits, counted by the Worker's bindings. */
export function limits({ rate, tallies }: Bindings): Limits {
  return {
    async within(name, key) {
      try {
        return (await rate(name).limit({ key })).success;
      } catch (error) {
        // Counting is a protection, not a condition: a home must not go dark because Cloudflare cannot count.
        log("warn", "rate_not_counted", { rate: RATES[name].binding, ...describeError(error) });
        return true;
      }
    },
    tally(name, key) {
      const { windows } = TALLIES[name];
      // Hashed: names of accounts and addresses are nobody's business in a list of objects.
      const object = async () => tallies.getByName(await sha256Hex(JSON.stringify([name, key])));
      return {
        async take() {
          const taken = await (await object()).take(windows);
          if (!taken.ok) throw new TooMany(Math.ceil(taken.waitMs / 1000));
          return taken.mark;
        },
        giveBack: async (mark) => (await object()).giveBack(mark),
        clear: async () => (await object()).clear(),
      };
    },
  };
}

/** No limits: for benchmarks and tests, whose clients all have one address and one account. */
export const NO_LIMITS: Limits = {
  within: () => Promise.resolve(true),
  tally: () => ({
    take: () => Promise.resolve(0),
    giveBack: () => Promise.resolve(),
    clear: () => Promise.resolve(),
  }),
};
