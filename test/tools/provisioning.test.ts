import { afterEach, describe, expect, test, vi } from "vitest";
import type { Operations, OperationState, Step, Waiting } from "../../src/contract/operation.ts";
import type { AnyTool } from "../../src/contract/tool.ts";
import { getOperation } from "../../src/tools/operation.ts";
import {
  deprovisionNode,
  provisionCluster,
  provisionNode,
  provisionNodes,
  scaleCluster,
} from "../../src/tools/provisioning.ts";
import { type Answers, recording, runTool } from "../support/recording.ts";

const ID = "0b5f3c1a-93d8-4c0e-8f3e-0d9b1b1c2d3e";
const ssh_config = { password: "raspberry" };
const SSH = { username: "pi", port: 22, use_agent: false, password: "raspberry" };

const state = (more: Partial<OperationState> = {}): OperationState => ({
  operation_id: ID,
  kind: "provision_node",
  phase: "running",
  steps: [{ subject: "node 4", phase: "running", message: null }],
  started_at: "2026-01-14T12:00:00.000Z",
  ended_at: null,
  next: "ask again",
  version: 1,
  ...more,
});

const finished = (phase: OperationState["phase"], steps: OperationState["steps"]) =>
  state({ phase, steps, ended_at: "2026-01-14T12:05:00.000Z", version: 9 });

const NO_WAITING: Waiting = { until: 0, tell: () => Promise.resolve() };

/** A home whose operations go as `end` says. */
function setUp(end: () => OperationState | undefined = () => state(), answers: Answers = {}) {
  const started: (readonly Step[])[] = [];
  const waited: number[] = [];
  const asked: [string, number, number][] = [];
  const told: [number, number | undefined, string][] = [];
  const operations: Operations = {
    async start(steps, { until, tell } = NO_WAITING) {
      started.push(steps);
      waited.push(until - Date.now());
      await tell(state());
      return end() ?? state();
    },
    watch(id, since, ms) {
      asked.push([id, since, ms]);
      return Promise.resolve(end());
    },
  };
  const progress = (done: number, total: number | undefined, message: string) => {
    told.push([done, total, message]);
    return Promise.resolve();
  };
  const { context, asked: sent } = recording(answers);
  return { started, waited, asked, told, sent, context: { ...context, operations, progress } };
}

afterEach(() => vi.useRealTimers());

describe("what is started", () => {
  test.each<[AnyTool, object, readonly object[]]>([
    [
      provisionCluster,
      { cluster_id: 1, master_node_id: 2, ssh_config },
      [{ kind: "provision_cluster", cluster_id: 1, master_node_id: 2, worker_node_ids: [], ssh_config: SSH }],
    ],
    [
      provisionCluster,
      { cluster_id: 1, master_node_id: 2, worker_node_ids: [3, 2], k3s_version: "v1.31.5+k3s1", ssh_config },
      [
        {
          kind: "provision_cluster",
          cluster_id: 1,
          master_node_id: 2,
          worker_node_ids: [3],
          k3s_version: "v1.31.5+k3s1",
          ssh_config: SSH,
        },
      ],
    ],
    [
      scaleCluster,
      { cluster_id: 1, node_count: 4, ssh_config: { ...ssh_config, username: "ops", port: 2222 } },
      [
        {
          kind: "scale_cluster",
          cluster_id: 1,
          node_count: 4,
          nodes_before: 3,
          ssh_config: { ...SSH, username: "ops", port: 2222 },
        },
      ],
    ],
    [
      provisionNode,
      { node_id: 4, role: "worker", join_token: "K10abc::server:def", ssh_config: { use_agent: true } },
      [
        {
          kind: "provision_node",
          node_id: 4,
          role: "worker",
          join_token: "K10abc::server:def",
          ssh_config: { username: "pi", port: 22, use_agent: true },
        },
      ],
    ],
    [
      provisionNodes,
      { node_ids: [4, 5], role: "worker", ssh_config },
      [
        { kind: "provision_node", node_id: 4, role: "worker", ssh_config: SSH },
        { kind: "provision_node", node_id: 5, role: "worker", ssh_config: SSH },
      ],
    ],
    [
      deprovisionNode,
      { node_id: 4, ssh_config: { private_key_path: "/home/pi/.ssh/id_ed25519" } },
      [
        {
          kind: "deprovision_node",
          node_id: 4,
          ssh_config: { username: "pi", port: 22, use_agent: false, private_key_path: "/home/pi/.ssh/id_ed25519" },
        },
      ],
    ],
  ])("$name, case %#", async (tool, input, steps) => {
    const counts = { cluster_id: 1, name: "x", status: "ready", nodes: { total: 3, ready: 3, masters: 1, workers: 2 } };
    const health = { status: "healthy", api_server: "available", etcd: "healthy" };
    const status = { ...counts, health, version: null };
    const up = finished("done", [{ subject: "node 4", phase: "done", message: "up" }]);
    const home = setUp(() => up, { "GET /api/v1/clusters/1/status": status });
    await runTool(tool, input, home);
    expect(home.started).toStrictEqual([steps]);
  });

  test.each<[AnyTool, object]>([
    [provisionCluster, { cluster_id: 1, master_node_id: 2, ssh_config: {} }],
    [scaleCluster, { cluster_id: 1, node_count: 4 }],
    [provisionNode, { node_id: 4, role: "worker", ssh_config: { username: "pi" } }],
    [provisionNodes, { node_ids: [4], role: "worker", ssh_config: { use_agent: false } }],
    [deprovisionNode, { node_id: 4 }],
  ])("$name starts nothing without a way to log in, and says which there are", async (tool, input) => {
    const home = setUp();
    await expect(runTool(tool, input, home)).rejects.toMatchObject({
      type: "invalid_input",
      suggestions: [expect.stringMatching(/private_key_path.*use_agent.*password/)],
    });
    expect(home.started).toStrictEqual([]);
  });
});

const parses = (tool: AnyTool, input: object) => tool.input.safeParse(input).success;
const withSsh = (ssh: object) => ({ node_id: 4, ssh_config: ssh });

describe("what does not fit", () => {
  test.each([
    [{ username: "root; reboot" }],
    [{ username: "Pi" }],
    [{ username: "a".repeat(33) }],
    [{ port: 0 }],
    [{ port: 65_536 }],
    [{ private_key_path: "keys/id" }],
    [{ private_key_path: "/home/../etc/shadow" }],
    [{ private_key_path: "/home/$(reboot)" }],
    [{ private_key_path: "/home/a b" }],
    [{ password: "" }],
    [{ password: "line\nbreak" }],
    [{ password: "x".repeat(129) }],
    [{ password: "ok", host: "evil" }],
  ])("ssh_config %j", (ssh) => expect(parses(deprovisionNode, withSsh(ssh))).toBe(false));

  test.each([
    [{ password: "p4$$ \"w'ord;" }],
    [{ username: "_svc-1", port: 65_535, private_key_path: "/etc/pi-controller/id_rsa.key", password: "x" }],
  ])("but ssh_config %j does", (ssh) => expect(parses(deprovisionNode, withSsh(ssh))).toBe(true));

  test.each<[AnyTool, object]>([
    [provisionCluster, { cluster_id: 1, master_node_id: 2, ssh_config, k3s_version: "v1.2.3+k3s1 --flag" }],
    [provisionCluster, { cluster_id: 1, master_node_id: 2, ssh_config, worker_node_ids: [3, 3] }],
    [provisionCluster, { cluster_id: 1, master_node_id: 2, ssh_config, k3s_config: { install_script: "x" } }],
    [provisionCluster, { cluster_id: 1, master_node_id: 2 }],
    [provisionNode, { node_id: 4, role: "worker", ssh_config, join_token: "K10 a::b" }],
    [provisionNode, { node_id: 4, role: "worker", ssh_config, join_token: "a".repeat(513) }],
    [provisionNode, { node_id: 4, role: "boss", ssh_config }],
    [provisionNodes, { node_ids: [], role: "worker", ssh_config }],
    [provisionNodes, { node_ids: [4, 4], role: "worker", ssh_config }],
    [provisionNodes, { node_ids: Array.from({ length: 51 }, (_, index) => index + 1), role: "worker", ssh_config }],
    [scaleCluster, { cluster_id: 1, node_count: 0, ssh_config }],
    [deprovisionNode, { node_id: 0, ssh_config }],
    [getOperation, { operation_id: "demo:other" }],
  ])("$name %j", (tool, input) => expect(parses(tool, input)).toBe(false));

  test("a refused password is not in the message", () => {
    const { error } = deprovisionNode.input.safeParse(withSsh({ password: "canary-7781\n" }));
    expect(error?.message).toContain("password");
    expect(error?.message).not.toContain("canary");
  });
});

const run = (home: ReturnType<typeof setUp>) =>
  runTool(provisionNode, { node_id: 4, role: "worker", ssh_config }, home);

describe("waiting", () => {
  test("takes 18 s of a call at most, in which the client hears how far it is; then there is the handle", async () => {
    vi.useFakeTimers();
    const home = setUp();
    expect(await run(home)).toMatchObject({ operation_id: ID, phase: "running", next: "ask again" });
    expect(home.waited).toEqual([18_000]);
    expect(home.told).toEqual([[0, 1, "0 of 1 over; node 4 running"]]);
    expect(home.asked).toEqual([]);
  });

  test("ends when the operation does", async () => {
    const over = finished("done", [{ subject: "node 4", phase: "done", message: "up" }]);
    const { version: _, ...shown } = over;
    expect(await run(setUp(() => over))).toStrictEqual(shown);
  });

  test("one failed step is a fault with its message", async () => {
    const home = setUp(() => finished("failed", [{ subject: "node 4", phase: "failed", message: "no route to host" }]));
    await expect(run(home)).rejects.toMatchObject({
      type: "provisioning_failed",
      message: "node 4: no route to host.",
      suggestions: ["ask again"],
    });
  });

  test.each<[OperationState["phase"], "done" | "failed"]>([
    ["partly_failed", "done"],
    ["failed", "failed"],
  ])("of several nodes, %s is a value that lists each", async (phase, first) => {
    const steps = [
      { subject: "node 4", phase: first, message: "first" },
      { subject: "node 5", phase: "failed", message: "second" },
    ] as const;
    const home = setUp(() => finished(phase, steps));
    const value = await runTool(provisionNodes, { node_ids: [4, 5], role: "worker", ssh_config }, home);
    expect(value).toMatchObject({ phase, steps });
  });

  test("an outcome that is not known is a value too", async () => {
    const home = setUp(() => finished("unknown", [{ subject: "node 4", phase: "unknown", message: "who knows" }]));
    expect(await run(home)).toMatchObject({ phase: "unknown" });
  });
});

describe("what a person is asked", () => {
  const status = {
    cluster_id: 3,
    name: "workshop",
    status: "ready",
    nodes: { total: 4, ready: 4, masters: 1, workers: 3 },
    health: { status: "healthy", api_server: "available", etcd: "healthy" },
    version: "v1.30.4+k3s1",
  };
  const node = {
    id: 10,
    name: "ws-worker-1",
    ip_address: "192.168.3.11",
    role: "worker",
    status: "ready",
    cluster_id: 3,
  };
  const answers: Answers = { "GET /api/v1/clusters/3/status": status, "GET /api/v1/nodes/10": { data: node } };

  const preview = async (tool: AnyTool, input: object) => {
    const home = setUp(() => undefined, answers);
    const sentence = await tool.preview?.(tool.input.parse(input), home.context);
    expect(home.started).toStrictEqual([]);
    expect(home.sent.every(([line]) => line.startsWith("GET "))).toBe(true);
    return sentence;
  };

  test.each([
    [6, /^Scale cluster 3 \("workshop"\) up from 4 to 6 nodes: .* on 2 free nodes/],
    [1, /^Scale cluster 3 \("workshop"\) down from 4 to 1 nodes: .* removed from 3 workers/],
    [4, /^Leave cluster 3/],
  ])("to scale to %i", async (node_count, sentence) => {
    expect(await preview(scaleCluster, { cluster_id: 3, node_count, ssh_config })).toMatch(sentence);
  });

  test("to deprovision", async () => {
    expect(await preview(deprovisionNode, { node_id: 10, ssh_config })).toBe(
      'Remove K3s and everything that runs on it from node 10 ("ws-worker-1"), a worker of cluster 3.',
    );
  });

  test.each<[AnyTool, object]>([
    [scaleCluster, { cluster_id: 3, node_count: 4 }],
    [deprovisionNode, { node_id: 10 }],
  ])("$name asks nothing that could not be done anyway", async (tool, input) => {
    await expect(preview(tool, input)).rejects.toMatchObject({ type: "invalid_input" });
  });

  test("only what takes something away asks, and says so in its hints", () => {
    for (const tool of [deprovisionNode, scaleCluster, provisionCluster, provisionNode, provisionNodes, getOperation]) {
      expect(tool.preview !== undefined).toBe(tool.annotations.destructiveHint);
      expect(tool.role).toBe(tool === getOperation ? "viewer" : "admin");
    }
  });
});

describe("get_operation", () => {
  test("answers at once with the state as it is", async () => {
    const home = setUp();
    expect(await runTool(getOperation, { operation_id: ID }, home)).toMatchObject({ operation_id: ID });
    expect(home.asked).toStrictEqual([[ID, -1, 0]]);
  });

  test("does not tell an unknown operation from a foreign one", async () => {
    const home = setUp(() => undefined);
    await expect(runTool(getOperation, { operation_id: ID }, home)).rejects.toMatchObject({ type: "not_found" });
  });
});

test("a call that has used up its time before the operation began does not wait for its end", async () => {
  vi.useFakeTimers();
  const home = setUp();
  const context = { ...home.context, until: Date.now() + 4000 };
  expect(await run({ ...home, context })).toMatchObject({ phase: "running" });
  expect(home.waited).toEqual([2500]);
});
