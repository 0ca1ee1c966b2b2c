import { randomUUID } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { type RawData, WebSocket } from "ws";
import { z } from "zod";
import { CONTEXT_METHOD } from "../src/federation/wire/context-frames.ts";
import { METHOD } from "../src/federation/wire/frames.ts";
import { nodeIdOf, signProof } from "../src/federation/wire/identity.ts";
import { CONNECT_PATH, JOIN_PATH, PING, PING_MS, PONG, SUBPROTOCOL } from "../src/federation/wire/limits.ts";
import { newKey, publicHalf } from "../src/node/joined.ts";
import { ADOPT_PATH, HOME_ID, WRITE_PATH } from "./measured.ts";
import { quantile } from "./stats.ts";

/** How long what one writes takes to be at all nodes, and how much a hub takes; see `measureContext`. */

/** What is measured; times in milliseconds. */
export interface ContextMeasured {
  readonly nodes: number;
  /** From before the write to its arrival at a node, over all nodes and writes. */
  readonly arrival: { readonly p50: number; readonly p99: number };
  /** The same for a question and its answer over one of the links: what nothing can be faster than. */
  readonly round_trip: { readonly p50: number; readonly p99: number };
  readonly writes_per_second: number;
  /** Questions that change nothing, over as many links, in as large requests. */
  readonly reads_per_second: number;
  readonly arrival_p50_vs_round_trip: number;
  readonly writes_vs_reads: number;
}

export interface ContextPlan {
  readonly nodes: number;
  readonly writes: number;
  readonly sliceMs: number;
}

/** Nodes that write at once, and writes of one request. */
const WRITERS = 25;
const BATCH = 32;

/** RFC 6455: nobody said why; the bench itself ends its links so. */
const ABNORMAL = 1006;

const Message = z.looseObject({
  id: z.string().optional(),
  method: z.string().optional(),
  result: z.looseObject({}).optional(),
  params: z.looseObject({}).optional(),
});

interface BenchNode {
  ask(method: string, params: object): Promise<unknown>;
  /** Called with the keys that have changed. */
  changed: (keys: readonly string[]) => void;
  close(): void;
}

const Changed = z.looseObject({ items: z.array(z.looseObject({ key: z.string() })).nullable() });

async function post(url: string, body: object): Promise<void> {
  const answer = await fetch(url, { method: "POST", body: JSON.stringify(body) });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${url} answered HTTP ${answer.status}: ${text.slice(0, 300)}`);
}

const HELLO = {
  agent: "pimcp/bench",
  capacity: 1,
  manifest: { site: "edge", capabilities: [] },
  health: { load: null, temperature_c: null, throttled: [], memory_free_mb: null },
};

async function openNode(gateway: string, name: string): Promise<BenchNode> {
  const key = await newKey();
  const id = await nodeIdOf(publicHalf(key));
  const proofFor = (path: string) =>
    signProof(key, { nodeId: id, home: HOME_ID, audience: `${gateway}${path}` }, Date.now());
  const joining = { home: HOME_ID, name, site: "edge", key: publicHalf(key), proof: await proofFor(JOIN_PATH) };
  await post(`${gateway}${JOIN_PATH}`, joining);
  await post(`${gateway}${ADOPT_PATH}`, { id });
  const url = `${gateway.replace(/^http/, "ws")}${CONNECT_PATH}?home=${HOME_ID}`;
  const headers = { authorization: `Bearer ${await proofFor(CONNECT_PATH)}` };
  const socket = new WebSocket(url, [SUBPROTOCOL], { headers, perMessageDeflate: false });
  await new Promise<void>((resolve, reject) => {
    socket.once("open", () => resolve());
    socket.once("error", reject);
  });
  // A node that says nothing for a lease is out.
  const beat = setInterval(() => socket.send(PING), PING_MS);
  const waiting = new Map<string, (answer: unknown) => void>();
  socket.once("close", (code, reason) => {
    clearInterval(beat);
    if (code !== ABNORMAL) throw new Error(`The hub has ended the link of ${name}: ${code} ${reason.toString()}`);
  });
  const node: BenchNode = {
    ask: (method, params) =>
      new Promise((resolve) => {
        const asked = randomUUID();
        waiting.set(asked, resolve);
        socket.send(JSON.stringify({ jsonrpc: "2.0", id: asked, method, params }));
      }),
    changed: () => undefined,
    close() {
      clearInterval(beat);
      socket.terminate();
    },
  };
  socket.on("message", (data) => {
    if (textOf(data) === PONG) return undefined;
    const message = Message.parse(JSON.parse(textOf(data)));
    if (message.method === CONTEXT_METHOD.changed) {
      const { items } = Changed.parse(message.params);
      return node.changed(items?.map((item) => item.key) ?? []);
    }
    if (message.id === undefined) return undefined;
    waiting.get(message.id)?.(message.result);
    return void waiting.delete(message.id);
  });
  await node.ask(METHOD.hello, HELLO);
  return node;
}

const textOf = (data: RawData): string => (Buffer.isBuffer(data) ? data.toString("utf8") : "");

const write = (gateway: string, key: string) => post(`${gateway}${WRITE_PATH}`, { key, value: JSON.stringify("x") });

/** Writes one entry and waits until every node has it. @returns for each node how long that took */
async function arrivals(gateway: string, nodes: readonly BenchNode[], key: string): Promise<number[]> {
  const begun = performance.now();
  const each = nodes.map(
    (node) =>
      new Promise<number>((resolve) => {
        node.changed = (keys) => {
          if (keys.includes(key)) resolve(performance.now() - begun);
        };
      }),
  );
  await write(gateway, key);
  return Promise.all(each);
}

async function roundTrip(node: BenchNode): Promise<number> {
  const begun = performance.now();
  await node.ask(CONTEXT_METHOD.since, { epoch: null, seq: 0 });
  return performance.now() - begun;
}

const putOf = (key: string) => ({
  id: randomUUID(),
  key,
  action: "put",
  value: JSON.stringify({ at: Date.now(), text: "pump serviced" }),
  after: null,
  stamp: { t: Date.now(), c: 0 },
  via: null,
});

/** How many of something a hub does in a second when several nodes ask one after the other. */
async function perSecond(
  nodes: readonly BenchNode[],
  ms: number,
  ask: (node: BenchNode, index: number) => Promise<unknown>,
  each: number,
): Promise<number> {
  const begun = performance.now();
  let done = 0;
  await Promise.all(
    nodes.map(async (node, index) => {
      while (performance.now() - begun < ms) {
        await ask(node, index);
        done += each;
      }
    }),
  );
  return done / ((performance.now() - begun) / 1000);
}

const round = (value: number, digits = 2) => Number(value.toFixed(digits));

function quantiles(values: readonly number[]) {
  const sorted = values.toSorted((a, b) => a - b);
  return { p50: round(quantile(sorted, 0.5)), p99: round(quantile(sorted, 0.99)) };
}

/**
 * Measures a hub with many nodes: questions and writes by turns, so that a drift of the machine hits both alike.
 * @throws Error if a node is not let in, or a write is not taken
 */
export async function measureContext(gateway: string, plan: ContextPlan): Promise<ContextMeasured> {
  const nodes: BenchNode[] = [];
  // One after the other: few may wait to be adopted at a time.
  for (let count = 0; count < plan.nodes; count += 1) nodes.push(await openNode(gateway, `bench-${count}`));
  try {
    const [taken, asked]: [number[], number[]] = [[], []];
    for (let count = 0; count < plan.writes; count += 1) {
      const node = nodes[count % nodes.length];
      if (node !== undefined) asked.push(await roundTrip(node));
      taken.push(...(await arrivals(gateway, nodes, `bench/arrival-${count}`)));
    }
    for (const node of nodes) node.changed = () => undefined;
    const writers = nodes.slice(0, WRITERS);
    const none = Array.from({ length: BATCH }, () => ({ id: randomUUID() }));
    // Refused one by one before any is looked up: what the way and the frames cost.
    const reads = await perSecond(
      writers,
      plan.sliceMs,
      (node) => node.ask(CONTEXT_METHOD.write, { writes: none }),
      BATCH,
    );
    const writes = await perSecond(
      writers,
      plan.sliceMs,
      (node, index) =>
        node.ask(CONTEXT_METHOD.write, {
          writes: Array.from({ length: BATCH }, (_, each) => putOf(`bench/load-${index}-${each}`)),
        }),
      BATCH,
    );
    await pause(100);
    const [arrival, trip] = [quantiles(taken), quantiles(asked)];
    return {
      nodes: nodes.length,
      arrival,
      round_trip: trip,
      writes_per_second: round(writes, 0),
      reads_per_second: round(reads, 0),
      arrival_p50_vs_round_trip: round(arrival.p50 / trip.p50),
      writes_vs_reads: round(writes / reads),
    };
  } finally {
    for (const node of nodes) node.close();
  }
}
