import * as z from "zod";
import {
  CONTEXT_METHOD,
  NodeWrite,
  type Outcome,
  SinceParams,
  type SinceAnswer,
  type SnapshotAnswer,
  SnapshotParams,
  type Waits,
  WriteParams,
} from "../wire/context-frames.ts";
import type { Site } from "../wire/manifest.ts";
import { type Bucket, fullBucket, take } from "../bucket.ts";
import { changesAfter, snapshotPage } from "./feed.ts";
import type { HomeContext } from "./home-context.ts";
import { WRITES_RATE } from "./limits.ts";
import type { Write } from "./rules.ts";
import { passed } from "./upkeep.ts";

/** The node at the other end of a link: adopted, and who it has proved to be. */
export interface LinkedNode {
  readonly id: string;
  readonly name: string;
  readonly site: Site;
}

interface Written {
  readonly outcomes: readonly object[];
  readonly waits?: Waits;
  readonly now: number;
}

type Answer = SinceAnswer | SnapshotAnswer | Written;

/** What the link needs of its hub. */
export interface LinkParts {
  /** Whether nothing may be changed at the home now. */
  readonly frozen: () => boolean;
}

/** The shared context's part of the nodes' links. */
export interface ContextLink {
  /**
   * Answers a request of a node.
   * @returns `undefined` if it is none of these, or has not its form
   */
  answer(node: LinkedNode, method: string, params: unknown, now: number): Answer | undefined;
}

const Named = z.looseObject({ id: z.string().max(64) });

function writeOf(write: NodeWrite, { id, name, site }: LinkedNode): Write {
  const { via, ...rest } = write;
  return { ...rest, node: id, origin: site, author: { kind: "node", name, via } };
}

export function contextLink(context: HomeContext, { frozen }: LinkParts): ContextLink {
  const { store, storage } = context;
  /** What each node may still write now. They are full again when this object was restarted. */
  const buckets = new Map<string, Bucket>();

  /** How many of so many writes a node may send now, and takes them from its bucket. */
  function allowed(node: string, count: number, now: number): number {
    const bucket = take(buckets.get(node) ?? fullBucket(WRITES_RATE, now), WRITES_RATE, 0, now);
    const [tokens, at] = [bucket?.tokens ?? 0, bucket?.at ?? now];
    const most = Math.min(count, Math.floor(tokens));
    buckets.set(node, { tokens: tokens - most, at });
    return most;
  }

  function carryOut(node: LinkedNode, given: unknown, now: number): { id: string; outcome: Outcome } | undefined {
    const parsed = NodeWrite.safeParse(given);
    if (parsed.success) {
      const write = writeOf(parsed.data, node);
      return { id: write.id, outcome: store.write(write, now) };
    }
    // Others are carried out all the same: a write that can never be taken must not hold up what comes after it.
    const named = Named.safeParse(given);
    if (!named.success) return undefined;
    return { id: named.data.id, outcome: { kind: "refused", why: "malformed", version: 0 } };
  }

  const answers: Readonly<Record<string, (node: LinkedNode, params: unknown, now: number) => Answer | undefined>> = {
    [CONTEXT_METHOD.write](node, params, now) {
      const parsed = WriteParams.safeParse(params);
      if (!parsed.success) return undefined;
      // Refused, they would be lost to their writers; so they stay where they are.
      if (frozen()) return { outcomes: [], waits: "frozen", now };
      const { writes } = parsed.data;
      const first = writes.slice(0, allowed(node.id, writes.length, now));
      const outcomes = context.changing(now, () => first.flatMap((write) => carryOut(node, write, now) ?? []));
      return first.length === writes.length ? { outcomes, now } : { outcomes, waits: "often", now };
    },
    [CONTEXT_METHOD.since](node, params, now) {
      const parsed = SinceParams.safeParse(params);
      if (!parsed.success) return undefined;
      const { epoch, seq } = parsed.data;
      if (epoch !== store.state.epoch) return { snapshot: true, now };
      const answer = changesAfter(store, seq, node.site, now);
      if ("items" in answer) passed(storage, node.id, seq);
      return answer;
    },
    [CONTEXT_METHOD.snapshot](node, params, now) {
      const parsed = SnapshotParams.safeParse(params);
      return parsed.success ? snapshotPage(store, parsed.data.after, node.site, now) : undefined;
    },
  };

  return {
    answer: (node, method, params, now) =>
      Object.hasOwn(answers, method) ? answers[method]?.(node, params, now) : undefined,
  };
}
