import type { UpstreamLogin } from "../pi/auth.ts";
import type { Role } from "./role.ts";

/** What a caller has at one home. */
export interface HomeAccess {
  /** The home's name, for sentences and lists; its id stands in where none is known. */
  readonly name?: string | undefined;
  /** The lower of the person's role at that home and of what they granted this client. */
  readonly role: Role;
  /** How the home is asked in this person's name. Never leaves the gateway. */
  readonly login: UpstreamLogin;
  /** Whether that is the home's service account, which others use too: the home then knows nothing of this person. */
  readonly shared?: boolean | undefined;
}

/** Who is calling: built once per request from the verified OAuth grant, never from headers. */
export interface Caller {
  readonly userId: string;
  readonly userName: string;
  readonly clientId: string;
  /** Random, made at consent: tells two grants of the same person and client apart. */
  readonly connectionId: string;
  /** By home id. */
  readonly homes: Readonly<Record<string, HomeAccess>>;
}
