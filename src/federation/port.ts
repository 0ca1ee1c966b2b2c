import { doerOf, isFrozen, notRecorded } from "../activity/port.ts";
import type { Caller } from "../contract/caller.ts";
import type { Fleet, FleetAnswer, FleetCall, FleetNode, JobState, Offer } from "../contract/fleet.ts";
import type { Role } from "../contract/role.ts";
import type { HubCall, TellProgress } from "./calls.ts";
import type { JobAsk } from "./jobs.ts";
import type { NotBegun } from "./recorded-call.ts";
import * as told from "./told.ts";

/** The part of a home's hub that callers use. */
export interface FleetHub {
  fleetOffers(role: Role): Promise<{ readonly version: number; readonly offers: readonly Offer[] }>;
  fleetNodes(role: Role): Promise<readonly FleetNode[]>;
  fleetCall(call: HubCall, tell: TellProgress): Promise<FleetAnswer | NotBegun>;
  cancelFleetCall(callId: string): Promise<void>;
  watchJob(ask: JobAsk, since: number, ms: number): Promise<JobState | undefined>;
  cancelJob(ask: JobAsk): Promise<JobState | undefined>;
}

export interface FleetWay {
  /** Gets the hub anew each time: after it was stopped, what was got before leads nowhere. */
  readonly hub: () => FleetHub;
  readonly caller: Pick<Caller, "userId" | "userName" | "clientId" | "clientName">;
  /** The home's name. */
  readonly home: string;
  /** What was granted; a call brings what may be done now. */
  readonly role: Role;
  /** Ends calls that nobody waits for any more. */
  readonly signal: AbortSignal;
}

const RESTARTED = "the home's hub was restarted meanwhile";

/** The fleet of one home, in a caller's name. What a caller may see and reach is decided by the hub. */
export function fleetPort({ hub, caller, home, role, signal }: FleetWay): Fleet {
  const { userId } = caller;
  const askedBy = (operationId: string): JobAsk => ({ operationId, userId, role });
  return {
    // A hub that is restarted while somebody waits in it answers its successor's way: a read may be repeated.
    offers: () =>
      hub()
        .fleetOffers(role)
        .catch(() => hub().fleetOffers(role)),
    nodes: () =>
      hub()
        .fleetNodes(role)
        .catch(() => hub().fleetNodes(role)),
    async call(call) {
      const once = () => callOnce(hub(), caller, call, signal);
      const { offer } = call;
      // The hub may have been restarted after the node was given the call.
      const again = () => (offer.reads && !offer.heavy ? once() : unknown(call));
      const answer = await once().catch(again);
      if (answer.kind !== "not_begun") return answer;
      throw answer.frozen === null ? notRecorded() : isFrozen(home, answer.frozen);
    },
    watch(operationId, since, ms) {
      const watch = () => hub().watchJob(askedBy(operationId), since, ms);
      return watch().catch(() => watch());
    },
    // What is cancelled twice is cancelled.
    cancel: (operationId) =>
      hub()
        .cancelJob(askedBy(operationId))
        .catch(() => hub().cancelJob(askedBy(operationId))),
  };
}

function unknown({ offer }: FleetCall): FleetAnswer {
  const fault = told.unknownOutcome(offer.capability, "of this home", RESTARTED);
  return { kind: "fault", fault, route: told.noRoute(RESTARTED) };
}

async function callOnce(
  hub: FleetHub,
  caller: FleetWay["caller"],
  call: FleetCall,
  signal: AbortSignal,
): Promise<FleetAnswer | NotBegun> {
  const { offer, role, node, arguments: args, progress, deed } = call;
  const callId = crypto.randomUUID();
  const cancel = () => void hub.cancelFleetCall(callId).catch(() => undefined);
  signal.addEventListener("abort", cancel);
  try {
    const { tool, reads, destructive } = offer;
    const as = { reads, destructive };
    const attempt = { ...doerOf(caller), ...deed };
    const asked: HubCall = { callId, userId: caller.userId, role, tool, as, arguments: args, node, attempt };
    return await hub.fleetCall(asked, progress);
  } finally {
    signal.removeEventListener("abort", cancel);
  }
}
