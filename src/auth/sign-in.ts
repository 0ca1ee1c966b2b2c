import type { HomeAccess } from "../contract/caller.ts";
import type { Home } from "../homes/home.ts";
import { endpointOf, type Ways } from "../homes/reach.ts";
import { withDeadline } from "../lib/deadline.ts";
import { Fault } from "../lib/errors.ts";
import { logIn, type UpstreamLogin } from "../pi/login.ts";
import { rolesOf } from "./people.ts";
import type { Provider, Vouched } from "./providers/provider.ts";
import type { Identity, Rules } from "./standing.ts";

/** Who has signed in, and what they have at which homes. */
export interface Person {
  /** Unique over all homes and providers; holds no ":" (the OAuth provider's own separator). */
  readonly userId: string;
  readonly userName: string;
  /** Who vouched for them; absent for their account at a home. */
  readonly identity?: Identity | undefined;
  /** By home id; at least one. */
  readonly homes: Readonly<Record<string, HomeAccess>>;
}

/** The ways to sign in. */
export interface SignIn {
  /** All homes of this gateway. */
  readonly homes: readonly Home[];
  /** Whether the account at a home's pi-controller opens the door. */
  readonly accounts: boolean;
  readonly providers: readonly Provider[];
  /** What the configuration says of people now. */
  readonly rules: Rules;
  /**
   * Signs in with the account that someone has at a home's pi-controller: one attempt.
   * @param known whether somebody has signed in by this name with this browser before
   * @throws Fault; `unauthorized` says no more than that name and password do not fit
   */
  signIn(homeId: string, login: UpstreamLogin, known?: boolean): Promise<Person>;
}

/** A person waits for a sign-in no longer than this. */
const SIGN_IN_MS = 15_000;

/** Sign-in with the account that a person has at a home's pi-controller: one attempt for each submission. */
export function accountSignIn(homes: readonly Home[], ways: Ways): SignIn["signIn"] {
  return async (homeId, login) => {
    const home = homes.find((each) => each.id === homeId);
    if (home === undefined) throw new Fault("not_found", "There is no such home here.");
    const takenAt = Date.now();
    const { user } = await withDeadline(SIGN_IN_MS, (signal) =>
      logIn(endpointOf(home, ways), login, { signal, now: takenAt }),
    );
    return {
      userId: `${home.id}.${encodeURIComponent(user.id)}`,
      userName: user.username,
      homes: { [home.id]: { role: user.role, login: { username: user.username, password: login.password, takenAt } } },
    };
  };
}

/** Somebody whom a provider vouches for, with what PEOPLE gives them; `undefined` if they are not listed. */
export function personIn({ people }: Rules, { userId, userName, source, names }: Vouched): Person | undefined {
  const roles = Object.entries(rolesOf(people, names));
  if (roles.length === 0) return undefined;
  const homes = roles.map(([id, role]): [string, HomeAccess] => [id, { role, login: "service" }]);
  return { userId, userName, identity: { source, names }, homes: Object.fromEntries(homes) };
}
