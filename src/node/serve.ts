import type { Health, HelloParams, Standing } from "../federation/wire/frames.ts";
import { CONTEXT_METHOD } from "../federation/wire/context-frames.ts";
import { CONNECT_PATH } from "../federation/wire/limits.ts";
import { backoffMs, pauseFor } from "./backoff.ts";
import { createCalls } from "./calls.ts";
import type { Config } from "./config.ts";
import type { Environment } from "./folders.ts";
import { tlsOf } from "./gateway.ts";
import { healthReader } from "./health.ts";
import { type Joined, proofFor } from "./joined.ts";
import { openNodeContext, replicaFileOf } from "./context/service.ts";
import { createSources } from "./sources.ts";
import { standingLines } from "./standing.ts";
import type { NodeStatus } from "./status.ts";
import { openUplink, type Uplink } from "./uplink.ts";
import { type ForGood, verdictOf } from "./verdict.ts";

/** A link that lasted this long was a good one: the next pause is a short one again. */
const STEADY_MS = 10_000;

/** The longest that a gateway can keep a node away, in milliseconds. */
const LONGEST_WAIT_MS = 10 * 60_000;

export interface NodeOptions {
  readonly joined: Joined;
  /** The configuration to begin with. */
  readonly config: Config;
  /** The node's own folder. */
  readonly folder: string;
  readonly env: Environment;
  /** "pimcp/0.1.0" */
  readonly agent: string;
  /** Told to the person who runs it. */
  readonly tell: (line: string) => void;
}

/** A node that runs, whether it is connected at the moment or not. */
export interface RunningNode {
  status(): NodeStatus;
  /** Works with another configuration from now on. */
  configure(config: Config): Promise<void>;
  /** Why it has ended. */
  readonly ended: Promise<"stopped" | ForGood>;
  stop(): Promise<void>;
}

/** Runs a node: keeps its link up and carries out what is called, until it is stopped or its owner ends it. */
export function serveNode({ joined, config: first, folder, env, agent, tell }: NodeOptions): RunningNode {
  const stopping = new AbortController();
  const readHealth = healthReader();
  let config = first;
  let uplink: Uplink | undefined;
  let connectedSince: number | undefined;
  let trouble: string | undefined = "It connects for the first time.";
  let standing: Standing | undefined;
  let refusal: string | undefined;
  let health: Health | undefined;
  /** Whether the shared context has this link. */
  let contextual = false;

  const context = openNodeContext(replicaFileOf(folder, joined), tell);
  const sources = createSources({
    folder,
    env,
    agent,
    tell,
    notes: (via) => context.notes(via),
    changed: () => uplink?.changed(),
  });
  const calls = createCalls({
    capacity: () => config.capacity,
    find: (name) => sources.offer().byName.get(name),
    send: (message, delivered) => uplink?.send(message, delivered),
  });

  const about = (): Omit<HelloParams, "health"> => ({
    agent,
    capacity: config.capacity,
    manifest: {
      site: joined.site,
      capabilities: [...sources.offer().byName.values()].map(({ capability }) => capability),
    },
    working: calls.working(),
  });

  const stands = (now: Standing) => {
    if (connectedSince === undefined) {
      connectedSince = Date.now();
      trouble = undefined;
      tell(`Connected to ${joined.gateway}, home ${joined.home}.`);
      calls.linked();
    }
    refusal = undefined;
    for (const line of standingLines(standing, now, joined.page)) tell(line);
    standing = now;
    if (now.state === "adopted" && uplink !== undefined && !contextual) {
      contextual = true;
      context.linked(uplink);
    }
  };

  /** One link, from its beginning to its end. */
  const linkOnce = async () => {
    const url = new URL(CONNECT_PATH, joined.gateway);
    url.searchParams.set("home", joined.home);
    const proof = await proofFor(joined, CONNECT_PATH);
    uplink = openUplink({
      target: { url: url.href, proof, agent, tls: tlsOf(joined.certificate) },
      health: async () => (health = await readHealth()),
      about,
      call: calls.begin,
      cancelled: calls.cancel,
      standing: stands,
      told(method, params) {
        if (method === CONTEXT_METHOD.changed) context.notified(params);
      },
      refused(why) {
        refusal = `The gateway does not take what this node says of itself: ${why}`;
        tell(refusal);
      },
    });
    const stop = () => uplink?.close();
    stopping.signal.addEventListener("abort", stop);
    const end = await uplink.ended;
    stopping.signal.removeEventListener("abort", stop);
    uplink = undefined;
    contextual = false;
    context.unlinked();
    connectedSince = undefined;
    calls.unlinked();
    return verdictOf(end);
  };

  const keepLinked = async (): Promise<"stopped" | ForGood> => {
    let failures = 0;
    while (!stopping.signal.aborted) {
      const begun = Date.now();
      const { why, forGood, waitMs = 0 } = await linkOnce();
      if (stopping.signal.aborted) break;
      trouble = why;
      if (forGood !== undefined) {
        tell(why);
        return forGood;
      }
      failures = Date.now() - begun > STEADY_MS ? 1 : failures + 1;
      const pause = Math.max(Math.min(waitMs, LONGEST_WAIT_MS), backoffMs(failures, Math.random()));
      tell(`${why} Trying again in ${Math.ceil(pause / 1000)} s.`);
      await pauseFor(pause, stopping.signal);
    }
    return "stopped";
  };

  const run = async () => {
    try {
      await sources.apply(config);
      return await keepLinked();
    } finally {
      calls.stop();
      await sources.close();
      context.close();
    }
  };
  const ended = run();

  return {
    status: () => ({
      pid: process.pid,
      agent,
      gateway: joined.gateway,
      home: joined.home,
      node_id: joined.node_id,
      page: joined.page,
      config: joined.config,
      connected_since: connectedSince ?? null,
      trouble: trouble ?? null,
      standing: standing ?? null,
      calls: calls.count(),
      offered: [...sources.offer().byName.keys()],
      problems: [...(refusal === undefined ? [] : [refusal]), ...sources.problems()],
      health: health ?? null,
    }),
    async configure(next) {
      config = next;
      await sources.apply(next);
    },
    ended,
    async stop() {
      stopping.abort();
      await ended;
    },
  };
}
