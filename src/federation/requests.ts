import { type Link, noteOver, send } from "./link.ts";
import type { Verdict } from "./link-events.ts";
import type { Links } from "./links.ts";
import { METHOD, type ProgressParams, type RpcAnswer, type RpcFailure } from "./wire/frames.ts";

/** How a call ended, as far as its link tells. */
export type Ending =
  | { readonly kind: "answered"; readonly result: Readonly<Record<string, unknown>> }
  /** A JSON-RPC error of the node. */
  | { readonly kind: "error"; readonly code: number; readonly message: string }
  /** The link ended after the call had been sent. */
  | { readonly kind: "lost"; readonly why: string }
  /** It never left. */
  | { readonly kind: "not_sent"; readonly why: string }
  | { readonly kind: "too_late" }
  | { readonly kind: "cancelled" };

export interface Asked {
  /** The capability. */
  readonly name: string;
  readonly arguments: Readonly<Record<string, unknown>>;
  /** How long somebody waits, in milliseconds. */
  readonly ms: number;
  /** Ends the call when aborted; the node is told. */
  readonly signal: AbortSignal;
  readonly progress: (progress: ProgressParams) => void;
}

interface Pending {
  readonly link: Link;
  readonly progress: (progress: ProgressParams) => void;
  readonly end: (ending: Ending) => void;
}

/** The lease of a node that works on a call is looked at no more often than this, in milliseconds. */
const LEAST_LOOK_MS = 250;

/** The calls that links were given and that somebody waits for here; they end with their link and with this object. */
export class Requests {
  readonly #pending = new Map<string, Pending>();
  readonly #inFlight = new Map<string, number>();
  readonly #links: () => Links;
  readonly #newEpoch: () => number;
  #epoch = 0;
  #count = 0;
  #watch: ReturnType<typeof setTimeout> | undefined;

  /** @param newEpoch a number that rises with each instance of the object, and is asked for once */
  constructor(links: () => Links, newEpoch: () => number) {
    this.#links = links;
    this.#newEpoch = newEpoch;
  }

  /** Calls that a node works on. */
  inFlight(nodeId: string): number {
    return this.#inFlight.get(nodeId) ?? 0;
  }

  /** Gives a call to a node and waits for its end. */
  ask(link: Link, { name, arguments: args, ms, signal, progress }: Asked): Promise<Ending> {
    const id = this.#nextId();
    const meta = { progressToken: id, "pimcp/deadline": ms };
    const params = { name, arguments: args, _meta: meta };
    const unsent = send(link, { jsonrpc: "2.0", id, method: METHOD.call, params });
    if (unsent !== undefined) {
      return Promise.resolve({ kind: "not_sent", why: unsent === "too_big" ? "it is too large" : "its link broke" });
    }
    return new Promise((resolve) => {
      const cancel = () => this.#cancel(id, { kind: "cancelled" }, "nobody waits for it any more");
      const timer = setTimeout(() => this.#cancel(id, { kind: "too_late" }, "it took too long"), ms);
      const end = (ending: Ending) => {
        clearTimeout(timer);
        signal.removeEventListener("abort", cancel);
        this.#pending.delete(id);
        this.#add(link.nodeId, -1);
        noteOver(link, id, ending.kind === "answered" || ending.kind === "error");
        if (this.#pending.size === 0) this.#stopWatching();
        resolve(ending);
      };
      this.#pending.set(id, { link, progress, end });
      this.#add(link.nodeId, 1);
      signal.addEventListener("abort", cancel);
      if (signal.aborted) cancel();
      else this.#watchLeases(Date.now());
    });
  }

  /** An answer came over a link. */
  answer(link: Link, answer: RpcAnswer | RpcFailure): Verdict {
    const id = String(answer.id);
    const pending = this.#pending.get(id);
    if (pending === undefined) return this.#afterwards(link, id);
    if (pending.link !== link) return "unasked";
    if ("result" in answer) pending.end({ kind: "answered", result: answer.result });
    else pending.end({ kind: "error", code: answer.error.code, message: answer.error.message });
    return "taken";
  }

  #afterwards(link: Link, id: string): Verdict {
    const answered = link.over.get(id);
    if (answered === undefined) return this.#isOfEarlier(id) ? "late" : "unasked";
    if (answered) return "twice";
    link.over.set(id, true);
    return "late";
  }

  progress(link: Link, progress: ProgressParams): void {
    const pending = this.#pending.get(String(progress.progressToken));
    if (pending?.link === link) pending.progress(progress);
  }

  /** A link has ended, and with it all that it was given. */
  lost(link: Link, why: string): void {
    for (const pending of this.#pending.values()) if (pending.link === link) pending.end({ kind: "lost", why });
  }

  #cancel(id: string, ending: Ending, reason: string): void {
    const pending = this.#pending.get(id);
    if (pending === undefined) return;
    send(pending.link, { jsonrpc: "2.0", method: METHOD.cancelled, params: { requestId: id, reason } });
    pending.end(ending);
  }

  #add(nodeId: string, by: number): void {
    const count = this.inFlight(nodeId) + by;
    if (count > 0) this.#inFlight.set(nodeId, count);
    else this.#inFlight.delete(nodeId);
  }

  /** The calls of an instance have its number: an answer to those of an earlier one is late, and no lie. */
  #nextId(): string {
    if (this.#epoch === 0) this.#epoch = this.#newEpoch();
    this.#count += 1;
    return `${this.#epoch}.${this.#count}`;
  }

  #isOfEarlier(id: string): boolean {
    const epoch = /^(\d{1,9})\.\d{1,9}$/.exec(id)?.[1];
    if (epoch === undefined) return false;
    if (this.#epoch === 0) this.#epoch = this.#newEpoch();
    return Number(epoch) < this.#epoch;
  }

  /** Ends links that fall silent while calls wait for them. Only then: a timer keeps the object from sleeping. */
  #watchLeases(now: number): void {
    if (this.#watch !== undefined) return;
    const links = this.#links();
    const ends = [...new Set([...this.#pending.values()].map(({ link }) => link))].map((link) => links.leaseEnd(link));
    this.#watch = setTimeout(
      () => {
        this.#watch = undefined;
        const at = Date.now();
        for (const { link } of this.#pending.values()) links.of(link.nodeId, at);
        if (this.#pending.size > 0) this.#watchLeases(at);
      },
      Math.max(LEAST_LOOK_MS, Math.min(...ends) - now),
    );
  }

  #stopWatching(): void {
    clearTimeout(this.#watch);
    this.#watch = undefined;
  }
}
