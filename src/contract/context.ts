import type { Trace } from "../lib/trace.ts";
import type { PiClient } from "../pi/client.ts";
import type { ActivityRecord } from "./activity.ts";
import type { Caller } from "./caller.ts";
import type { Connections } from "./connection.ts";
import type { Diagnose } from "./diagnosis.ts";
import type { Fleet } from "./fleet.ts";
import type { Operations } from "./operation.ts";
import type { Reservations } from "./reservation.ts";
import type { Role } from "./role.ts";
import type { OneTimeSecrets } from "./secrets.ts";
import type { SharedContext } from "./shared-context.ts";

/** What a caller gives in place of a home's id to ask all of theirs. */
export const ALL_HOMES = "all";

/** The home that a call is about, as a tool may show it. */
export interface HomeName {
  readonly id: string;
  readonly name: string;
}

/** A home that was not reached when it was last asked. */
export interface Trouble {
  /** RFC 3339: the first failure that no success has followed. */
  readonly since: string;
  /** The sentence of the last failure. */
  readonly why: string;
}

/** Tells the client, while it waits, how far a call is; does nothing if the client did not ask for it. */
export type Progress = (done: number, total: number | undefined, message: string) => Promise<void>;

/** What acts on a home in a caller's name. */
export interface HomePorts {
  readonly caller: Caller;
  readonly home: HomeName;
  /** What was granted. */
  readonly role: Role;
  /**
   * What may be done now: the lower of what was granted and what the home says.
   * @param maxAgeMs how old the home's word may be, in milliseconds
   * @throws Fault if the account is deactivated or gone, or the home cannot be asked
   */
  presentRole(maxAgeMs: number): Promise<Role>;
  readonly pi: PiClient;
  readonly operations: Operations;
  readonly reservations: Reservations;
  readonly secrets: OneTimeSecrets;
  /** What the home's people, clients and nodes tell each other. */
  readonly shared: SharedContext;
  /** The nodes that have dialled in to the home's hub. */
  readonly fleet: Fleet;
  /** Whether the home is out of reach, as far as was noticed here; asks nothing. */
  readonly trouble: () => Trouble | undefined;
  /** Goes along the way to the home, hop by hop. */
  readonly diagnose: Diagnose;
  /** The caller's clients; absent where clients need no leave, as over stdio. */
  readonly activity: ActivityRecord;
  readonly connections?: Pick<Connections, "list">;
}

/** What a tool or a resource is given: the caller, the home, and the ports to act on it. */
export interface Context extends HomePorts {
  readonly progress: Progress;
  /** Where the caller reached this gateway. */
  readonly origin: string;
  /** How many homes share one answer, and with it the room for rows; usually one. */
  readonly sharing: number;
  /** When the call's time is over, in milliseconds since the epoch; what waits leaves some of it for the answer. */
  readonly until: number;
  /** All homes of this caller, each opened; for what is about the gateway. */
  readonly everyHome: () => readonly HomePorts[];
}

/**
 * Opens a home for one call.
 * @param origin where the caller reached this gateway, for links that a person follows
 * @param trace names and measures the call's requests
 */
export type OpenHome = (
  caller: Caller,
  homeId: string,
  signal: AbortSignal,
  origin: string,
  trace?: Trace,
) => HomePorts;
