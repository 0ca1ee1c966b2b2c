import type { Role } from "../contract/role.ts";
import type { Home } from "../homes/home.ts";
import { endpointOf, type Ways } from "../homes/reach.ts";
import { withDeadline } from "../lib/deadline.ts";
import { Fault } from "../lib/errors.ts";
import { logIn, type UpstreamLogin } from "../pi/login.ts";

/** Who has signed in, at which home and with what. */
export interface Person {
  /** Unique over all homes; holds no ":" (the OAuth provider's own separator). */
  readonly userId: string;
  readonly userName: string;
  readonly homeId: string;
  readonly role: Role;
  readonly login: UpstreamLogin;
}

/** Checks who someone is. One way today: the account that they have at a home's pi-controller. */
export interface SignIn {
  /** The homes that can be signed in to. */
  readonly homes: readonly Home[];
  /** @throws Fault; `unauthorized` says no more than that name and password do not fit */
  signIn(homeId: string, login: UpstreamLogin): Promise<Person>;
}

/** A person waits for a sign-in no longer than this. */
const SIGN_IN_MS = 15_000;

/** Sign-in with the account that a person has at a home's pi-controller: one attempt for each submission. */
export function piControllerSignIn(homes: readonly Home[], ways: Ways): SignIn {
  return {
    homes,
    async signIn(homeId, login) {
      const home = homes.find((each) => each.id === homeId);
      if (home === undefined) throw new Fault("not_found", "There is no such home here.");
      const { user } = await withDeadline(SIGN_IN_MS, (signal) =>
        logIn(endpointOf(home, ways), login, { signal, now: Date.now() }),
      );
      return {
        userId: `${home.id}.${encodeURIComponent(user.id)}`,
        userName: user.username,
        homeId: home.id,
        role: user.role,
        login: { username: user.username, password: login.password },
      };
    },
  };
}
