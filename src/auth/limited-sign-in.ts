import { Fault, type FaultType } from "../lib/errors.ts";
import { type Limits, OutOfTries, type Tally, TooMany } from "../limits/port.ts";
import type { UpstreamLogin } from "../pi/login.ts";
import { accountKey } from "./names.ts";
import type { SignIn } from "./sign-in.ts";

/** The home has judged the account: that of a name that does not exist sounds the same. */
const JUDGED: ReadonlySet<FaultType> = new Set<FaultType>(["unauthorized", "forbidden"]);

/** The home may have counted the password: it has judged it, or has not said what became of it. */
const SPENT: ReadonlySet<FaultType> = new Set<FaultType>([...JUDGED, "timeout"]);

/** The one answer for a wrong name, a wrong password, and an account that is locked or deactivated. */
const REFUSED = new Fault(
  "unauthorized",
  "User name and password do not fit, or the account is locked or deactivated.",
  {
    suggestions: [
      "Look twice before the next try: a name has few of them here, because a home locks an account after five wrong ones.",
      "A locked account opens by itself after 15 minutes.",
    ],
    details: { statusCode: 401 },
  },
);

/** An attempt that was counted. */
interface Counted {
  readonly tally: Tally;
  readonly mark: number;
}

/** Counts an attempt in the first of the tallies that has room. @throws OutOfTries */
async function take([tally, ...others]: readonly [Tally, ...Tally[]]): Promise<Counted> {
  try {
    return { tally, mark: await tally.take() };
  } catch (error) {
    if (!(error instanceof TooMany)) throw error;
    const [next, ...more] = others;
    if (next === undefined) throw new OutOfTries(error.seconds);
    return take([next, ...more]);
  }
}

/**
 * Sign-in that does not let anybody lock somebody's account, and does not tell which accounts there are.
 *
 * Every attempt is counted before it is made, so that many at a time do not slip by; a right password starts anew.
 * Names that do not exist are counted too: a limit that only real ones have would tell which they are. Browsers that
 * have signed in by a name have tries of their own, which strangers cannot use up.
 */
export function limitedSignIn(signIn: SignIn, limits: Limits): SignIn {
  const ofAll = (homeId: string, name: string) => limits.tally("wrongPasswords", accountKey(homeId, name));
  const ofKnown = (homeId: string, name: string) => limits.tally("wrongPasswordsKnown", accountKey(homeId, name));

  /** The home's own count has begun anew, by whatever name it was asked. */
  async function clear(homeId: string, names: readonly string[]): Promise<void> {
    const all = [...new Set(names)].flatMap((name) => [ofAll(homeId, name), ofKnown(homeId, name)]);
    await Promise.all(all.map((tally) => tally.clear()));
  }

  return {
    ...signIn,
    async signIn(homeId, login, known = false) {
      // Nothing is counted, nor stored, for homes that somebody made up.
      if (!signIn.homes.some(({ id }) => id === homeId)) return signIn.signIn(homeId, login);
      const everybody = ofAll(homeId, login.username);
      const { tally, mark } = await take(known ? [ofKnown(homeId, login.username), everybody] : [everybody]);
      try {
        const person = await signIn.signIn(homeId, login);
        await clear(homeId, [login.username, person.userName]);
        return person;
      } catch (error) {
        // A home that was not reached, was busy or failed has counted nothing.
        if (error instanceof Fault && !SPENT.has(error.type)) await tally.giveBack(mark);
        throw error instanceof Fault && JUDGED.has(error.type) ? REFUSED : error;
      }
    },
  };
}

/**
 * Signs in to learn whether it works, and forgets the tokens.
 * @throws Fault; `conflict` if no more attempts are made for now
 */
export function countedTry(signIn: Pick<SignIn, "signIn">): (homeId: string, login: UpstreamLogin) => Promise<void> {
  return async (homeId, login) => {
    try {
      await signIn.signIn(homeId, login);
    } catch (error) {
      if (!(error instanceof TooMany)) throw error;
      throw new Fault(
        "conflict",
        "This account was tried too often, and is not tried again so that it is not locked.",
        {
          suggestions: [`Try again in ${Math.ceil(error.seconds / 60)} minutes.`],
        },
      );
    }
  };
}
