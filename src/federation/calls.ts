import type { Attempt } from "../contract/activity.ts";
import type { FleetAnswer, Offer, RouteTold } from "../contract/fleet.ts";
import type { Role } from "../contract/role.ts";
import type { FaultBody } from "../lib/errors.ts";
import { Waiters } from "../lib/waiters.ts";
import { misfits } from "./arguments.ts";
import { called } from "./breaker.ts";
import { candidateOf, type Group, groupsFor, type Known } from "./candidates.ts";
import { type About, judge, type NextCause } from "./judge.ts";
import { learn } from "./lessons.ts";
import type { SwitchedOn } from "./registered.ts";
import type { Requests } from "./requests.ts";
import { type Chosen, type PassedOver, route } from "./route.ts";
import * as told from "./told.ts";
import type { ProgressParams } from "./wire/frames.ts";

/** A call has 20 s in all (design, section 4): the rest is for the way there and back. */
export const CALL_MS = 19_000;
/** A node that was there so long ago may be about to come back: a call that has nowhere else to go waits for it. */
export const RETURN_MS = 5000;
/** A call that only reads is given to nodes no more often than this: its nodes come and go all the time. */
const MAX_ASKED = 8;
/** Progress is passed on no more often than this. */
const PROGRESS_MS = 250;

/** One call, as it comes to the hub. */
export interface HubCall {
  /** Made by the caller, to cancel it by. */
  readonly callId: string;
  readonly userId: string;
  readonly role: Role;
  readonly tool: string;
  /** What the call was permitted, recorded and agreed to as. */
  readonly as: Pick<Offer, "reads" | "destructive">;
  readonly arguments: Readonly<Record<string, unknown>>;
  readonly node: string | undefined;
  /** What is written down of it, if it changes something. */
  readonly attempt: Attempt;
}

export type TellProgress = (done: number, total: number | undefined, message: string) => Promise<void>;

/** Starts a heavy capability's work. */
export type StartJob = (group: Group, call: HubCall) => FleetAnswer;

interface CallParts {
  readonly known: Known;
  readonly requests: Requests;
  readonly startJob: StartJob;
  /** Whether nothing may be changed at the home now. */
  readonly frozen: () => boolean;
  /** When this object began, in milliseconds since 1970. */
  readonly bornAt: number;
}

/** A node that was asked, and the link that it was asked over. */
interface Tried extends Omit<PassedOver, "cause"> {
  readonly cause: PassedOver["cause"] | NextCause;
  readonly link: string;
}

/** One call while it looks for the node that carries it out. */
interface Run {
  readonly group: Group;
  readonly call: HubCall;
  readonly signal: AbortSignal;
  readonly progress: (progress: ProgressParams) => void;
  /** Milliseconds since 1970. */
  readonly until: number;
  readonly tried: Map<string, Tried>;
  /** How often it was given to a node. */
  asked: number;
}

const fault = (body: FaultBody, way: RouteTold): FleetAnswer => ({ kind: "fault", fault: body, route: way });

const toldOf = (
  passed: readonly { readonly node: string; readonly why: string; readonly cause: string }[],
): RouteTold["passed"] => passed.filter(({ cause }) => cause !== "not_wanted").map(({ node, why }) => ({ node, why }));

/** Carries out calls: checks them, chooses a node, and goes on to the next one where that is safe. */
export class Calls {
  readonly #parts: CallParts;
  readonly #active = new Map<string, AbortController>();
  readonly #waiters = new Waiters();
  readonly #groups = new Map<Role, readonly Group[]>();
  #groupsOf: readonly SwitchedOn[] | undefined;

  constructor(parts: CallParts) {
    this.#parts = parts;
  }

  /** What a role may use. Made anew when what is switched on has changed, which gives another array. */
  groups(role: Role): readonly Group[] {
    const on = this.#parts.known.registered.switchedOn();
    if (this.#groupsOf !== on) {
      this.#groupsOf = on;
      this.#groups.clear();
    }
    const known = this.#groups.get(role) ?? groupsFor(role, on);
    this.#groups.set(role, known);
    return known;
  }

  async call(call: HubCall, tell: TellProgress): Promise<FleetAnswer> {
    const group = this.groups(call.role).find(({ offer }) => offer.tool === call.tool);
    if (group === undefined) return fault(told.noSuchTool(told.quoted(call.tool)), told.noRoute("nobody offers it"));
    const { offer, first, members } = group;
    if (call.node !== undefined && !members.some(({ nodeName }) => nodeName === call.node)) {
      return fault(told.noSuchNode(call.node, offer.nodes), told.noRoute("the node asked for does not offer it"));
    }
    if (call.as.reads !== offer.reads || call.as.destructive !== offer.destructive) {
      return fault(told.decidedAnew(offer.capability), told.noRoute("its owner has just decided anew of it"));
    }
    const problems = misfits(first.capability.inputSchema, call.arguments);
    if (problems.length > 0) {
      return fault(
        told.argumentsDoNotFit(offer.capability, problems, argumentsOf(first)),
        told.noRoute("its arguments do not fit"),
      );
    }
    return offer.heavy ? this.#parts.startJob(group, call) : this.#cancellable(group, call, tell);
  }

  /** Nobody waits for a call any more. */
  cancel(callId: string): void {
    this.#active.get(callId)?.abort();
  }

  /** A node is there again: whoever waited for one looks anew. */
  returned(): void {
    this.#waiters.wake();
  }

  async #cancellable(group: Group, call: HubCall, tell: TellProgress): Promise<FleetAnswer> {
    const controller = new AbortController();
    this.#active.set(call.callId, controller);
    const run: Run = {
      group,
      call,
      signal: controller.signal,
      progress: passedOn(tell),
      until: Date.now() + CALL_MS,
      tried: new Map(),
      asked: 0,
    };
    try {
      return await this.#run(run);
    } finally {
      this.#active.delete(call.callId);
    }
  }

  async #run(run: Run): Promise<FleetAnswer> {
    for (;;) {
      const now = Date.now();
      const { order, passed } = this.#route(run, now);
      const [chosen] = order;
      if (chosen !== undefined) {
        const answer = await this.#attempt(run, chosen, passed, now);
        if (answer !== undefined) return answer;
      } else if (!(await this.#mayReturn(run, passed, now))) return noneLeft(run, passed);
    }
  }

  #route({ group, call, tried }: Run, now: number): ReturnType<typeof route> {
    const { known } = this.#parts;
    const candidates = group.members
      .filter(({ nodeId }) => this.#mayBeAsked(tried.get(nodeId), now))
      .map((member) => candidateOf(member, group.first.hash, known, now));
    return route(candidates, { node: call.node, weight: "light" }, now);
  }

  /** Whether a node has not been asked, or was lost and is there again. */
  #mayBeAsked(tried: Tried | undefined, now: number): boolean {
    if (tried === undefined) return true;
    const link = this.#parts.known.links.of(tried.nodeId, now);
    return tried.cause === "lost" && link !== undefined && link.id !== tried.link;
  }

  /** Asks one node. @returns `undefined` if the next one is to be asked */
  async #attempt(
    run: Run,
    chosen: Chosen,
    passed: readonly PassedOver[],
    now: number,
  ): Promise<FleetAnswer | undefined> {
    const { group, call, until } = run;
    const { known, requests } = this.#parts;
    const { nodeId, node, why } = chosen;
    const { capability, reads } = group.offer;
    // It may have waited, or been elsewhere before.
    if (!reads && this.#parts.frozen()) return fault(told.frozenBefore(capability), told.noRoute("the home is frozen"));
    const link = known.links.of(nodeId, now);
    if (link === undefined) return undefined;
    run.asked += 1;
    known.vitals.breaker(nodeId, (breaker) => called(breaker, now));
    const ms = Math.max(1, until - now);
    const { signal, progress } = run;
    const ending = await requests.ask(link, { name: capability, arguments: call.arguments, ms, signal, progress });
    const about: About = { capability, node, reads, ms: CALL_MS };
    const { judged, verdict } = judge(ending, about);
    const endedAt = Date.now();
    if (ending.kind === "answered") known.links.measured(link, capability, endedAt - now, endedAt);
    learn(known, nodeId, verdict, { sentAt: now, endedAt });
    if (judged.kind === "next") {
      run.tried.set(nodeId, { nodeId, node, why: judged.why, cause: judged.cause, link: link.id });
      return undefined;
    }
    const way: RouteTold = { node, why, passed: toldOf([...run.tried.values(), ...passed]) };
    if (judged.kind === "fault") return fault(judged.fault, way);
    return { kind: "answered", ...judged.result, route: way };
  }

  /** Waits a moment if a node that was there just now may come back. @returns whether to look again */
  async #mayReturn({ until, signal, tried, asked }: Run, passed: readonly PassedOver[], now: number): Promise<boolean> {
    const { known, bornAt } = this.#parts;
    const offline = [...passed, ...tried.values()].filter(({ cause }) => cause === "offline" || cause === "lost");
    if (offline.length === 0 || signal.aborted || asked >= MAX_ASKED) return false;
    const last = Math.max(...offline.map(({ nodeId }) => lastSeen(known, nodeId, bornAt)));
    const ms = Math.min(last + RETURN_MS, until) - now;
    if (ms <= 0) return false;
    await this.#waiters.wait(ms, () => true, signal);
    return !signal.aborted;
  }
}

/** When a node may have been there last: before this object began, nobody may have written it down. */
function lastSeen({ vitals }: Known, nodeId: string, bornAt: number): number {
  const { seenAt } = vitals.of(nodeId);
  return seenAt === null ? 0 : Math.max(seenAt, bornAt);
}

function noneLeft({ group, tried }: Run, passed: readonly PassedOver[]): FleetAnswer {
  const all = [...tried.values(), ...passed];
  const way = told.noRoute("no node could be asked", toldOf(all));
  const refused = [...tried.values()].find(({ cause }) => cause === "forbidden");
  if (refused !== undefined) {
    return fault(told.forbiddenThere(group.offer.capability, refused.node, refused.why), way);
  }
  return fault(told.noneLeft(group.offer.capability, all), way);
}

/** The names of a capability's arguments. */
function argumentsOf({ capability }: Group["first"]): string[] {
  return Object.keys(capability.inputSchema["properties"] ?? {});
}

/** Passes progress on, a few times a second at most; that nobody listens does no harm. */
function passedOn(tell: TellProgress): (progress: ProgressParams) => void {
  let toldAt = 0;
  return ({ progress, total, message }) => {
    const now = Date.now();
    if (now - toldAt < PROGRESS_MS) return;
    toldAt = now;
    tell(progress, total, told.quoted(message ?? "")).catch(() => undefined);
  };
}
