import { z } from "zod";
import type { Account } from "../../scripts/support/person.ts";
import { ACCOUNTS } from "../../test/support/accounts.ts";
import { tokenFor } from "../../test/support/clients.ts";
import { offering } from "../../test/support/federated-node.ts";
import { type RawNode, rawNode } from "../../test/support/raw-node.ts";
import { Owner } from "../fleet.ts";
import { clientWith } from "./client.ts";
import { type Count, countOf, NOTHING } from "./count.ts";
import type { CountedGateway } from "./gateway.ts";
import type { Invocation } from "./invocation.ts";
import { INITIALIZE, type Kind, OF_A_LINK } from "./kinds.ts";
import { older } from "./older.ts";

/** A gateway that nobody uses, with sessions, nodes and reservations really there. */

export interface IdlePlan {
  readonly sessions: number;
  readonly nodes: number;
  readonly reservations: number;
  /** How long it is watched by the clock, in milliseconds: nodes are connected, and ping. */
  readonly watchMs: number;
}

export interface Idle {
  readonly plan: IdlePlan;
  /** While nodes were connected. */
  readonly watched: Count;
  /** Pings that nodes sent meanwhile. */
  readonly pings: number;
  /** In the hour that was skipped, by making all that is stored an hour older. */
  readonly hour: Count;
  /** In the day after that: sessions are forgotten, reservations end. */
  readonly day: Count;
  /** What it costs that a session is forgotten, at most. */
  readonly forgotten: Kind;
}

/** One person has no more sessions than 64; a client that begins anew gets another one. */
const SESSIONS_EACH = 60;

const HOUR_MS = 60 * 60 * 1000;
const LONGEST_SECONDS = 86_400;
/** How long alarms that are due are waited for. */
const ALARMS_MS = 4000;

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

const LoggedIn = z.object({ access_token: z.string() });
const Made = z.object({ data: z.object({ id: z.number() }) });

/** The home's own side: what a gateway finds there. */
function atHome(home: string) {
  const post = async (path: string, body: object, token = "") => {
    const headers = { "content-type": "application/json", authorization: `Bearer ${token}` };
    const response = await fetch(home + path, { method: "POST", headers, body: JSON.stringify(body) });
    if (!response.ok) throw new Error(`${path}: HTTP ${response.status} ${await response.text()}`);
    return response.json();
  };
  const { username, password } = ACCOUNTS.admin;
  return {
    async person(index: number): Promise<Account> {
      const account = { username: `person-${index}`, password: `password-${index}!` };
      await post("/api/v1/auth/register", { ...account, email: `p${index}@example.com`, role: "viewer" });
      return { ...account, level: "viewer" };
    },
    async outputs(count: number): Promise<number[]> {
      const { access_token } = LoggedIn.parse(await post("/api/v1/auth/login", { username, password }));
      const ids: number[] = [];
      // Nodes 1 to 15 of the demo home, whose first pins are in use on some.
      for (let index = 0; ids.length < count; index += 1) {
        const [node_id, pin_number] = [(index % 8) + 8, 14 + Math.floor(index / 8)];
        const device = { node_id, pin_number, name: `lamp-${index}`, direction: "output", mode: "output" };
        const made = Made.safeParse(await post("/api/v1/gpio", device, access_token).catch(() => undefined));
        if (made.success) ids.push(made.data.data.id);
        if (pin_number > 27) throw new Error("the demo home has no more pins");
      }
      return ids;
    },
  };
}

async function sessions(gateway: string, home: string, count: number): Promise<void> {
  for (let made = 0, person = 1; made < count; person += 1) {
    const client = clientWith(gateway, await tokenFor(gateway, await atHome(home).person(person)));
    const each = Math.min(SESSIONS_EACH, count - made);
    for (let index = 0; index < each; index += 1) await client.ask("initialize", INITIALIZE);
    made += each;
  }
}

async function nodes(gateway: string, count: number): Promise<RawNode[]> {
  const owner = await new Owner(gateway, ACCOUNTS.admin).signIn();
  const all: RawNode[] = [];
  for (let index = 0; index < count; index += 1) {
    const name = `idle-${index}`;
    const enrolment = await owner.token(`idle.n${index} viewer reads`);
    const node = await rawNode({ gateway, home: "home", name, enrolment, capabilities: [offering(`idle.n${index}`)] });
    await node.connect();
    all.push(node);
  }
  return all;
}

async function reservations(gateway: string, home: string, count: number): Promise<void> {
  const client = clientWith(gateway, await tokenFor(gateway, ACCOUNTS.admin));
  for (const gpio_id of await atHome(home).outputs(count)) {
    await client.tool("reserve_gpio_pin", { gpio_id, client_id: "idle", duration_seconds: LONGEST_SECONDS });
  }
}

/** Lets a gateway be idle, and counts what it does. @param home origin of its demo home */
export async function idle(gateway: CountedGateway, home: string, plan: IdlePlan, pingMs: number): Promise<Idle> {
  await sessions(gateway.url, home, plan.sessions);
  await reservations(gateway.url, home, plan.reservations);
  const linked: RawNode[] = [];
  await gateway.measure(async () => linked.push(...(await nodes(gateway.url, plan.nodes))), OF_A_LINK * plan.nodes);
  const { count: watched } = await gateway.measure(() => pause(plan.watchMs));
  const gone = linked.filter(({ closed }) => closed !== undefined);
  if (gone.length > 0) throw new Error(`${gone.length} nodes have lost their link`);
  const pings = Math.floor(plan.watchMs / pingMs) * linked.length;
  const skip = async (ms: number): Promise<readonly Invocation[]> => {
    const { invocations } = await gateway.measure(async () => {
      // What is due is done as soon as the gateway is there again.
      await gateway.restart(() => older(gateway.state, ms));
      await pause(ALARMS_MS);
    });
    // Whoever starts the gateway asks for its first page until it answers.
    return invocations.filter(({ what }) => what !== "GET /");
  };
  for (const node of linked) node.silence();
  const hour = countOf(await skip(HOUR_MS), [home]);
  const day = await skip(25 * HOUR_MS);
  const deaths = day.filter(({ object }) => object === "McpSession");
  // Each is like the others, but for what one or the other has done before: the largest.
  const counts = deaths.map((death) => countOf([death], [home])).toSorted((a, b) => b.rowsRead - a.rowsRead);
  const count = counts[0] ?? NOTHING;
  return {
    plan,
    watched,
    pings,
    hour,
    day: countOf(day, [home]),
    forgotten: { group: "time", name: "a session is forgotten", count, asked: "McpSession", byAlarms: count.alarms },
  };
}
