import type { Caller } from "../contract/caller.ts";
import type { JobState } from "../contract/fleet.ts";
import type { HomeName } from "../contract/context.ts";
import type { ListedOperation, Operations, OperationState, Waiting } from "../contract/operation.ts";
import type { Role } from "../contract/role.ts";
import { Fault } from "../lib/errors.ts";
import type { Step } from "../pi/provisioning.ts";
import { claimTargets, type ClaimRegister, type Progress } from "./claim.ts";

/** A version before all versions: whoever knows that one is answered at once. */
const NEVER = -1;

export interface StartRequest {
  readonly operationId: string;
  readonly homeId: string;
  readonly caller: Caller;
  /** Of one kind, and at least one. */
  readonly steps: readonly Step[];
}

type Refusal = "forbidden" | "exists" | "no_steps";

export type StartOutcome =
  | { readonly started: true; readonly state: OperationState }
  | { readonly started: false; readonly refusal: Refusal };

export interface WatchRequest {
  readonly caller: Caller;
  /** The version that the caller knows. */
  readonly since: number;
  /** How long to wait for a newer one, in milliseconds. */
  readonly ms: number;
}

export type WatchOutcome = { readonly found: true; readonly state: OperationState } | { readonly found: false };

/** The `Operation` objects, by name. */
export interface OperationNamespace {
  getByName(name: string): {
    start(request: StartRequest, waiting?: Waiting): Promise<StartOutcome>;
    watch(request: WatchRequest): Promise<WatchOutcome>;
    progress(): Promise<Progress>;
  };
}

function refused(refusal: Refusal, home: string): Fault {
  if (refusal === "forbidden") {
    return new Fault("forbidden", `Only an admin of home "${home}" may start that.`, {
      suggestions: ["Ask an admin of the home for a higher role, or sign in with another account."],
    });
  }
  return new Fault("operation_failed", "The operation could not be started. Nothing was changed.");
}

/**
 * The operations of one caller at one home; each is one object, named by home and operation.
 * What a caller may see is decided by the object, not here.
 */
export function operationsPort(
  namespace: OperationNamespace,
  register: ClaimRegister,
  caller: Caller,
  { id: homeId, name }: HomeName,
): Operations {
  const access = caller.homes[homeId];
  // An operation needs no way into other homes.
  const here: Caller = { ...caller, homes: access === undefined ? {} : { [homeId]: access } };
  const object = (operationId: string) => namespace.getByName(`${homeId}:${operationId}`);
  const watch: Operations["watch"] = async (operationId, since, ms) => {
    const ask = () => object(operationId).watch({ caller: here, since, ms });
    // An object that is restarted while somebody waits in it answers its successor's way: a read may be repeated.
    const outcome = await ask().catch(ask);
    return outcome.found ? outcome.state : undefined;
  };
  return {
    watch,
    async start(steps, waiting) {
      const operationId = crypto.randomUUID();
      await claimTargets(register, operationId, steps, (other) => object(other).progress());
      const ask = () => object(operationId).start({ operationId, homeId, caller: here, steps }, waiting);
      // Its id makes it safe to ask again if the object was restarted before it answered, also while it waited.
      const outcome = await ask().catch(ask);
      if (outcome.started) return outcome.state;
      const before = outcome.refusal === "exists" ? await watch(operationId, NEVER, 0) : undefined;
      if (before === undefined) throw refused(outcome.refusal, name);
      return before;
    },
  };
}

/** How many operations of a home are listed. */
const MOST_LISTED = 12;

/** The operations of the last week at one home that a caller may see, newest first; each object decides that itself. */
export async function listOperations(
  namespace: Pick<OperationNamespace, "getByName">,
  register: {
    operationIds(limit: number): Promise<string[]>;
    newestJobs(ask: { readonly userId: string; readonly role: Role }, limit: number): Promise<readonly JobState[]>;
  },
  caller: Caller,
  homeId: string,
): Promise<readonly ListedOperation[]> {
  const access = caller.homes[homeId];
  if (access === undefined) return [];
  const here: Caller = { ...caller, homes: { [homeId]: access } };
  const [ids, jobs] = await Promise.all([
    register.operationIds(MOST_LISTED),
    register.newestJobs({ userId: caller.userId, role: access.role }, MOST_LISTED),
  ]);
  const seen = await Promise.all(
    ids.map((id) => namespace.getByName(`${homeId}:${id}`).watch({ caller: here, since: NEVER, ms: 0 })),
  );
  const listed: ListedOperation[] = [...jobs, ...seen.flatMap((outcome) => (outcome.found ? [outcome.state] : []))];
  return listed.toSorted((a, b) => b.started_at.localeCompare(a.started_at)).slice(0, MOST_LISTED);
}
