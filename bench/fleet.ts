import { fork } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { type Account, type Page, Person } from "../scripts/support/person.ts";
import { offering } from "../test/support/federated-node.ts";
import { press } from "../test/support/forms.ts";
import { type RawNode, rawNode, type RawWish } from "../test/support/raw-node.ts";
import { type Connect, echoClients, httpClients, listClients } from "./clients.ts";
import { ECHO } from "./measured.ts";
import { ACCOUNT } from "./sign-in.ts";
import { quantilesOf } from "./stats.ts";

/** What the federation costs: a call by way of a node, a hub with many nodes, and the way round a node that is gone. */

const HOME = "home";

/** The person who lets nodes in. */
export class Owner {
  readonly #person: Person;
  readonly #page: URL;
  #form: Page | undefined;

  constructor(gateway: string, account: Account = ACCOUNT) {
    this.#person = new Person(account);
    this.#page = new URL("/nodes", gateway);
  }

  async signIn(): Promise<this> {
    await this.#person.signIn(await this.#person.go(this.#page));
    return this;
  }

  async token(grants: string): Promise<string> {
    // The form stays the same; the page grows with each node.
    this.#form ??= await this.#person.go(this.#page);
    const page = await press(this.#person, this.#form, "Make a token", { grants });
    const [, token] = /--enrolment ([\w-]+)/.exec(page.html) ?? [];
    if (token === undefined) throw new Error(`The page of nodes gave no token (HTTP ${page.status}).`);
    return token;
  }
}

const Ready = z.object({ port: z.number() });

async function settled(look: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + 60_000;
  while (!(await look().catch(() => false))) {
    if (Date.now() > end) throw new Error("The nodes of the bench are not there after a minute.");
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** A real node as a process, with routes to its tool: by way of the gateway, and directly. */
export async function realNode(gateway: string, token: string, owner: Owner) {
  const folder = mkdtempSync(join(tmpdir(), "pimcp-bench-"));
  const config = join(folder, "node.json");
  writeFileSync(config, JSON.stringify({ capacity: 64, plugins: { bench: {} } }));
  const enrolment = await owner.token("bench.echo viewer reads");
  const args = ["join", gateway, "--home", HOME, "--name", "bench", "--config", config, "--enrolment", enrolment];
  const child = fork(join(import.meta.dirname, "node-process.ts"), args, {
    execArgv: [],
    silent: true,
    env: { ...process.env, PIMCP_STATE: folder },
  });
  const { port } = Ready.parse(await new Promise((resolve) => child.once("message", resolve)));
  const routes: Record<string, Connect> = {
    "node-routed": echoClients("node-routed", `${gateway}/mcp`, token, "bench_echo"),
    "node-direct": httpClients("node-direct", `http://127.0.0.1:${port}/`, ECHO, JSON.stringify({ text: ECHO })),
  };
  const first = await routes["node-routed"]?.();
  await settled(async () => first?.call().then(() => true) ?? false);
  first?.hangUp();
  const stop = () =>
    new Promise<void>((resolve) => {
      child.once("exit", () => {
        rmSync(folder, { recursive: true, force: true });
        resolve();
      });
      child.kill();
    });
  return { routes, stop };
}

type Answer = NonNullable<RawWish["answer"]>;

const echoed = { result: { content: [{ type: "text", text: ECHO }], structuredContent: { text: ECHO } } };
const echoes: Answer = () => echoed;

/** A node that speaks the frames and is not connected yet. */
async function quickNode(gateway: string, owner: Owner, name: string, capability: string, answer: Answer) {
  const enrolment = await owner.token(`${capability} viewer reads`);
  return rawNode({
    gateway,
    home: HOME,
    name,
    enrolment,
    answer,
    capacity: 256,
    capabilities: [offering(capability, { inputSchema: INPUT })],
  });
}

const INPUT = { type: "object", properties: { text: { type: "string" } } };

/** Milliseconds that each of some calls took, one after the other. */
async function timesOf(count: number, call: () => Promise<void>): Promise<number[]> {
  const times: number[] = [];
  for (let each = 0; each < count; each += 1) {
    const before = performance.now();
    await call();
    times.push(performance.now() - before);
  }
  return times;
}

export interface FleetPlan {
  /** Of one hub. */
  readonly nodes: number;
  /** Measured, of each kind. */
  readonly calls: number;
  readonly kills: number;
}

/** How long something took, in milliseconds. */
export interface Times {
  readonly what: string;
  readonly p50: number;
  readonly p99: number;
  readonly count: number;
}

const WARM_UP = 20;

/** Lists and calls with one and with many nodes on one hub, all of them with the same tool. */
export async function crowd(gateway: string, token: string, owner: Owner, plan: FleetPlan): Promise<Times[]> {
  const nodes: RawNode[] = [];
  const add = async () => {
    const node = await quickNode(gateway, owner, `crowd-${nodes.length}`, "crowd.echo", echoes);
    await node.connect();
    nodes.push(node);
  };
  const rows: Times[] = [];
  await add();
  const call = await echoClients("crowd", `${gateway}/mcp`, token, "crowd_echo")();
  const list = await listClients("crowd-list", `${gateway}/mcp`, token)();
  const measure = async () => {
    for (const [what, client] of Object.entries({ call, "tools/list": list })) {
      await timesOf(WARM_UP, () => client.call());
      const times = await timesOf(plan.calls, () => client.call());
      rows.push({ what: `${what}, ${nodes.length} nodes`, ...quantilesOf(times) });
      client.hangUp();
    }
  };
  await measure();
  while (nodes.length < plan.nodes) await add();
  await measure();
  for (const node of nodes) node.drop();
  return rows;
}

/** One way in which a node goes. */
interface Going {
  readonly name: string;
  readonly rounds: number;
  /** Calls that it has when it goes. */
  readonly calls: number;
  readonly go: (node: RawNode) => void;
}

async function rerouted(gateway: string, token: string, owner: Owner, going: Going): Promise<Times> {
  const { name, rounds, calls: lanes, go } = going;
  let holds = false;
  const holding: Answer = () => (holds ? undefined : echoed);
  const stuck = await quickNode(gateway, owner, `${name}-stuck`, `${name}.echo`, holding);
  const other = await quickNode(gateway, owner, `${name}-other`, `${name}.echo`, echoes);
  const connect = echoClients(name, `${gateway}/mcp`, token, `${name}_echo`);
  const callers = await Promise.all(Array.from({ length: lanes }, () => connect()));
  const times: number[] = [];
  const leave = async () => {
    other.drop();
    await settled(() => Promise.resolve(other.closed !== undefined));
  };
  // What it offers is known from its first hello on.
  await other.connect();
  await leave();
  for (let round = 0; round < rounds; round += 1) {
    await stuck.connect();
    // A node that only ever fails is left alone for a while.
    holds = false;
    await callers[0]?.call();
    holds = true;
    const before = stuck.asked.length;
    const calls = callers.map((caller) => caller.call().then(() => performance.now()));
    await settled(() => Promise.resolve(stuck.asked.length >= before + lanes));
    await other.connect();
    const gone = performance.now();
    go(stuck);
    times.push(...(await Promise.all(calls)).map((at) => at - gone));
    await leave();
  }
  stuck.drop();
  for (const caller of callers) caller.hangUp();
  return { what: `reroute, ${name}`, ...quantilesOf(times) };
}

/** How long callers wait for their answer from the moment when the node that has their calls is gone. */
export async function reroutes(gateway: string, token: string, owner: Owner, { kills }: FleetPlan): Promise<Times[]> {
  return [
    await rerouted(gateway, token, owner, { name: "killed", rounds: kills, calls: 1, go: (node) => node.drop() }),
    // Half-open: nothing tells that it is gone but its silence.
    await rerouted(gateway, token, owner, { name: "silent", rounds: 1, calls: kills, go: (node) => node.silence() }),
  ];
}
