import { Fault, type FaultType } from "../lib/errors.ts";
import type { Limits } from "../limits/port.ts";
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
    suggestions: ["After five wrong tries a home locks an account for 15 minutes."],
    details: { statusCode: 401 },
  },
);

/** Spellings that some controller may take for the same name count together. */
const sameName = (username: string) => username.normalize("NFKC").trim().toLowerCase();

/**
 * Sign-in that does not let anybody lock somebody's account, and does not tell which accounts there are.
 *
 * Every attempt is counted before it is made, so that many at a time do not slip by; a right password starts anew.
 * Names that do not exist are counted too: a limit that only real ones have would tell which they are.
 */
export function limitedSignIn(signIn: SignIn, limits: Limits): SignIn {
  return {
    ...signIn,
    async signIn(homeId, login) {
      // Nothing is counted, nor stored, for homes that somebody made up.
      if (!signIn.homes.some(({ id }) => id === homeId)) return signIn.signIn(homeId, login);
      const tally = limits.tally("wrongPasswords", JSON.stringify([homeId, sameName(login.username)]));
      const mark = await tally.take();
      try {
        const person = await signIn.signIn(homeId, login);
        await tally.clear();
        return person;
      } catch (error) {
        // A home that was not reached, was busy or failed has counted nothing.
        if (error instanceof Fault && !SPENT.has(error.type)) await tally.giveBack(mark);
        throw error instanceof Fault && JUDGED.has(error.type) ? REFUSED : error;
      }
    },
  };
}
