import type { Fleet, FleetAnswer, FleetCall, FleetNode, JobState, Offer, RouteTold } from "../../src/contract/fleet.ts";
import { atLeast, type Role, ROLES } from "../../src/contract/role.ts";

/** A hub in memory, with nodes as a test says; what was asked of it is written down. */

/** One capability of one node. */
export interface Offered {
  readonly capability: string;
  readonly tool: string;
  readonly title?: string;
  readonly description?: string;
  readonly role?: Role;
  readonly reads?: boolean;
  readonly destructive?: boolean;
  readonly heavy?: boolean;
  readonly inputSchema?: Offer["inputSchema"];
  /** Default: on. */
  readonly state?: "on" | "off" | "quarantined";
  readonly problem?: string;
}

export interface MemoryNode {
  readonly name: string;
  readonly online?: boolean;
  readonly offers: readonly Offered[];
}

/** What a node answers; by default its arguments as text. */
type Answerer = (call: FleetCall, node: string) => FleetAnswer | Promise<FleetAnswer>;

export interface MemoryFleet {
  /** May be changed; `version` says so. */
  nodes: MemoryNode[];
  version: number;
  /** The hub is away. */
  down: boolean;
  answer: Answerer;
  readonly jobs: Map<string, JobState>;
  /** "offers", "nodes", "call file_search", … in the order in which they were asked. */
  readonly asked: string[];
  readonly calls: FleetCall[];
  /** As the hub serves somebody with that role. */
  as(role: Role): Fleet;
}

const SCHEMA = {
  type: "object",
  properties: { query: { type: "string", description: "What to look for" } },
  required: ["query"],
  additionalProperties: false,
} as const;

export const routeTo = (node: string, more: Partial<RouteTold> = {}): RouteTold => ({
  node,
  why: "the only one",
  passed: [],
  ...more,
});

/** An answer in words. */
export const saying = (text: string, node: string): FleetAnswer => ({
  kind: "answered",
  content: [{ type: "text", text }],
  structured: undefined,
  failed: false,
  route: routeTo(node),
});

const lowest = (roles: readonly Role[]): Role => ROLES.find((role) => roles.includes(role)) ?? "admin";

function offersOf(nodes: readonly MemoryNode[], role: Role): Offer[] {
  const byTool = new Map<string, { node: string; offered: Offered }[]>();
  for (const { name, offers } of nodes) {
    for (const offered of offers) {
      if ((offered.state ?? "on") !== "on" || !atLeast(role, offered.role ?? "viewer")) continue;
      byTool.set(offered.tool, [...(byTool.get(offered.tool) ?? []), { node: name, offered }]);
    }
  }
  return [...byTool.values()].flatMap((all) => {
    const [first] = all;
    if (first === undefined) return [];
    const { tool, capability, title, description, reads, destructive, heavy, inputSchema } = first.offered;
    return {
      tool,
      capability,
      title: title ?? capability,
      description: description ?? `Does ${capability}.`,
      role: lowest(all.map(({ offered }) => offered.role ?? "viewer")),
      reads: reads ?? true,
      destructive: destructive ?? false,
      heavy: heavy ?? false,
      inputSchema: inputSchema ?? SCHEMA,
      nodes: all.map(({ node }) => node),
    };
  });
}

/** As long as a thumbprint is. */
export const idOf = (name: string) => name.padEnd(43, "0");

function nodeOf({ name, online = true, offers }: MemoryNode): FleetNode {
  return {
    id: idOf(name),
    name,
    site: "edge",
    state: "adopted",
    online,
    since: "2026-11-21T10:00:00.000Z",
    agent: "pimcp-node/0.1.0",
    load: 0.5,
    temperature_c: 48,
    throttled: [],
    memory_free_mb: 512,
    latency_ms: 12,
    in_flight: 0,
    capacity: 4,
    trouble: null,
    capabilities: offers.map(({ capability, tool, title, role, reads, heavy, state = "on", problem }) => ({
      name: capability,
      tool,
      title: title ?? capability,
      state,
      role: state === "on" ? (role ?? "viewer") : null,
      reads: reads ?? true,
      heavy: heavy ?? false,
      problem: problem ?? null,
    })),
  };
}

const away = () => new Error("the hub was reset");

/** A hub with these nodes. */
export function memoryFleet(nodes: readonly MemoryNode[] = []): MemoryFleet {
  const has = ({ offers }: MemoryNode, { offer: { tool }, role }: FleetCall) =>
    offers.some((each) => each.tool === tool && atLeast(role, each.role ?? "viewer"));

  function runsOn(call: FleetCall): MemoryNode | undefined {
    const fit = fleet.nodes.filter((node) => has(node, call) && (call.node === undefined || call.node === node.name));
    return fit.find(({ online }) => online !== false);
  }

  async function ask<Value>(what: string, work: () => Value | Promise<Value>): Promise<Value> {
    fleet.asked.push(what);
    if (fleet.down) throw away();
    return work();
  }

  async function run(asked: FleetCall): Promise<FleetAnswer> {
    fleet.calls.push(asked);
    const node = runsOn(asked);
    const passed = fleet.nodes
      .filter((each) => each !== node && has(each, asked))
      .map(({ name, online }) => ({ node: name, why: online === false ? "offline" : "slower" }));
    if (node === undefined) {
      const fault = { type: "connection_failed", message: `No node that has ${asked.offer.tool} is there.` } as const;
      return { kind: "fault", fault, route: { node: null, why: "none is online", passed } };
    }
    const answer = await fleet.answer(asked, node.name);
    return { ...answer, route: { ...answer.route, passed } };
  }

  const fleet: MemoryFleet = {
    nodes: [...nodes],
    version: 1,
    down: false,
    answer: ({ arguments: args }, node) => saying(JSON.stringify(args), node),
    jobs: new Map(),
    asked: [],
    calls: [],
    as(role) {
      return {
        offers: () => ask("offers", () => ({ version: fleet.version, offers: offersOf(fleet.nodes, role) })),
        call: (asked) => ask(`call ${asked.offer.tool}`, () => run(asked)),
        nodes: () => ask("nodes", () => fleet.nodes.map((node) => nodeOf(node))),
        watch: (id) => ask(`watch ${id}`, () => fleet.jobs.get(id)),
        cancel: (id) =>
          ask(`cancel ${id}`, () => {
            const job = fleet.jobs.get(id);
            if (job === undefined) return undefined;
            const cancelled: JobState = { ...job, phase: "cancelled", version: job.version + 1 };
            fleet.jobs.set(id, cancelled);
            return cancelled;
          }),
      };
    },
  };
  return fleet;
}

/** A job that runs on a node. */
export const jobOn = (node: string, more: Partial<JobState> = {}): JobState => ({
  operation_id: "job-1",
  kind: "node_job",
  phase: "running",
  steps: [{ subject: `video.transcode on ${node}`, phase: "running", message: "12 of 90 s" }],
  started_at: "2026-11-21T10:00:00.000Z",
  ended_at: null,
  next: "Ask again with get_operation.",
  version: 1,
  result: null,
  ...more,
});
