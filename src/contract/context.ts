import type { PiClient } from "../pi/client.ts";
import type { Caller } from "./caller.ts";
import type { Operations } from "./operation.ts";
import type { Reservations } from "./reservation.ts";
import type { Role } from "./role.ts";
import type { OneTimeSecrets } from "./secrets.ts";

/** The home that a call is about, as a tool may show it. */
export interface HomeName {
  readonly id: string;
  readonly name: string;
}

/** Tells the client, while it waits, how far a call is; does nothing if the client did not ask for it. */
export type Progress = (done: number, total: number, message: string) => Promise<void>;

/** What acts on a home in a caller's name. */
export interface HomePorts {
  readonly caller: Caller;
  readonly home: HomeName;
  readonly role: Role;
  readonly pi: PiClient;
  readonly operations: Operations;
  readonly reservations: Reservations;
  readonly secrets: OneTimeSecrets;
}

/** What a tool or a resource is given: the caller, the home, and the ports to act on it. */
export interface Context extends HomePorts {
  readonly progress: Progress;
}

/**
 * Opens a home for one call.
 * @param origin where the caller reached this gateway, for links that a person follows
 */
export type OpenHome = (caller: Caller, homeId: string, signal: AbortSignal, origin: string) => HomePorts;
