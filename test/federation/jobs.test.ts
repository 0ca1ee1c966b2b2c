import { abortAllDurableObjects, evictDurableObject, runDurableObjectAlarm } from "cloudflare:test";
import { afterEach, describe, expect, test, vi } from "vitest";
import { type FleetAnswer, JOB_PREFIX, type JobState } from "../../src/contract/fleet.ts";
import type { Role } from "../../src/contract/role.ts";
import { GRACE_MS, JOB_MS, KEPT_MS } from "../../src/federation/job-rules.ts";
import { MAX_ARGUMENTS, MAX_JOBS } from "../../src/federation/jobs.ts";
import { fleetPort } from "../../src/federation/port.ts";
import { JOB_PREFIX as ON_THE_WIRE, METHOD, NODE_ERROR } from "../../src/federation/wire/frames.ts";
import { LEASE_MS } from "../../src/federation/wire/limits.ts";
import { offering } from "../support/federated-node.ts";
import {
  adoptedNode,
  callTool,
  type CallWish,
  endAll,
  errorAnswer,
  fleetOf,
  hubOf,
  later,
  type LinkedNode,
  type NodeWish,
  textResult,
  until,
} from "../support/linked-node.ts";

const ANNA = { who: "anna", client: "console" };

afterEach(async () => {
  vi.restoreAllMocks();
  await hubOf("demo").lift(ANNA);
  await endAll();
  await ring();
});

const HEAVY = offering("video.transcode", { weight: "heavy" });

/** A node with a heavy capability, that says nothing until it is told to. */
async function worker(name: string, wish: NodeWish = {}): Promise<LinkedNode> {
  const node = await adoptedNode({ name, capabilities: [HEAVY], ...wish });
  node.answer = () => undefined;
  return node;
}

const WRITES: NodeWish = { reads: false };

async function start(wish: CallWish = {}): Promise<JobState> {
  const answer = await callTool("video_transcode", wish);
  if (answer.kind !== "operation") throw new Error(`no operation: ${JSON.stringify(answer)}`);
  return answer.state;
}

const faultOf = (answer: FleetAnswer) => (answer.kind === "fault" ? answer.fault : undefined);

async function stateOf({ operation_id }: JobState, since = -1, ms = 0): Promise<JobState> {
  const state = await fleetOf().watch(operation_id, since, ms);
  if (state === undefined) throw new Error("the job is not seen");
  return state;
}

/** Waits until a job is as expected. */
const becomes = (job: JobState, expected: Record<string, unknown>) =>
  vi.waitFor(async () => expect(await stateOf(job)).toMatchObject(expected), { timeout: 5000, interval: 10 });

const given = (node: LinkedNode, count = 1) =>
  until(() => (node.calls.length >= count ? node.calls.at(-1) : undefined));
const ring = () => runDurableObjectAlarm(hubOf("demo"));
const isOnline = async (name: string) => (await fleetOf().nodes()).find((node) => node.name === name)?.online;
const isGone = (name: string) => vi.waitFor(async () => expect(await isOnline(name)).toBe(false));

const as = (role: Role, userId: string) =>
  fleetPort({
    hub: () => hubOf("demo"),
    caller: { userId, userName: role, clientId: "test" },
    home: "demo",
    role,
    signal: new AbortController().signal,
  });

const listed = (userId: string, role: Role): Promise<readonly JobState[]> =>
  hubOf("demo").newestJobs({ userId, role }, 2);

describe("a heavy capability", () => {
  test("is listed for who began it and for admins, newest first, without its answer", async () => {
    const node = await worker("loft");
    const job = await start();
    const call = await given(node);
    node.reply(call.id, textResult("film.mp4"));
    await becomes(job, { phase: "done" });
    const newer = await start();
    const ids = async (userId: string, role: Role) => (await listed(userId, role)).map((each) => each.operation_id);
    expect(await ids("another", "admin")).toStrictEqual([newer.operation_id, job.operation_id]);
    expect(await ids("another", "operator")).toStrictEqual([]);
    expect(JSON.stringify(await listed("another", "admin"))).not.toContain("film.mp4");
  });

  test("runs as an operation, with progress, and its answer is kept", async () => {
    expect(ON_THE_WIRE).toBe(JOB_PREFIX);
    const node = await worker("loft");
    const job = await start({ args: { path: "film.mkv" } });
    expect(job).toMatchObject({
      kind: "node_job",
      phase: "running",
      steps: [{ subject: "video.transcode on loft", phase: "running" }],
      result: null,
      ended_at: null,
    });
    const call = await given(node);
    expect(call).toMatchObject({ id: job.operation_id, arguments: { path: "film.mkv" } });
    const news = stateOf(job, job.version, 5000);
    node.notify(METHOD.progress, { progressToken: call.id, progress: 3, total: 10, message: "frame 300" });
    expect(await news).toMatchObject({ steps: [{ message: "3 of 10: frame 300." }] });
    node.reply(call.id, { result: { content: [{ type: "text", text: "film.mp4" }], structuredContent: { mb: 700 } } });
    await becomes(job, { phase: "done" });
    await evictDurableObject(hubOf("demo"));
    expect(await stateOf(job)).toMatchObject({
      phase: "done",
      ended_at: expect.any(String),
      result: {
        content: [{ type: "text", text: "film.mp4" }],
        structured: { mb: 700 },
        failed: false,
        route: { node: "loft", why: "only one there" },
      },
    });
  });

  test("goes to the cloud, and stays in the house if no cloud node is there", async () => {
    await worker("edge");
    const cloud = await worker("cloud", { site: "cloud" });
    expect((await start()).steps[0]?.subject).toBe("video.transcode on cloud");
    cloud.drop();
    await isGone("cloud");
    expect((await start()).steps[0]?.subject).toBe("video.transcode on edge");
  });

  test("is said not to run if nobody can be asked, and is then no operation", async () => {
    const node = await worker("loft");
    node.drop();
    await isGone("loft");
    const answer = await callTool("video_transcode");
    expect(faultOf(answer)).toMatchObject({ type: "connection_failed", message: expect.stringContaining("offline") });
  });

  test("refuses arguments that are too large, and more work than a home may have", async () => {
    const node = await worker("loft", { capacity: 64 });
    // The second has more bytes than signs: a row could not hold it.
    for (const path of ["x".repeat(MAX_ARGUMENTS), "水".repeat(MAX_ARGUMENTS * 0.8)]) {
      expect(faultOf(await callTool("video_transcode", { args: { path } }))?.type).toBe("invalid_input");
    }
    expect(node.calls).toEqual([]);
    for (let each = 0; each < MAX_JOBS; each += 1) await start();
    expect(faultOf(await callTool("video_transcode"))?.message).toContain(`${MAX_JOBS} heavy calls`);
    await until(() => node.calls.length === MAX_JOBS);
    expect((await fleetOf().nodes())[0]?.in_flight).toBe(MAX_JOBS);
    for (const { id } of node.calls) node.reply(id, textResult("done"));
    await vi.waitFor(async () => expect((await fleetOf().nodes())[0]?.in_flight).toBe(0));
  });

  test("goes on to the next node if one refuses it", async () => {
    const full = await worker("full", { ...WRITES, site: "cloud" });
    const next = await worker("next", WRITES);
    full.answer = () => errorAnswer(NODE_ERROR.full);
    const job = await start();
    await given(next);
    expect(await stateOf(job)).toMatchObject({
      steps: [{ subject: "video.transcode on next", message: "Node full: refused it: full." }],
    });
    next.reply(job.operation_id, textResult("done"));
    await becomes(job, { phase: "done", result: { route: { passed: [{ node: "full" }] } } });
  });

  test("fails as its node says, and has no other one", async () => {
    const node = await worker("loft");
    node.answer = () => errorAnswer(-32_603, "no codec");
    const job = await start();
    await becomes(job, { phase: "failed", steps: [{ message: "Node loft: failed: no codec. No other node has it." }] });
    node.answer = () => ({ result: { content: [{ type: "text", text: "bad file" }], isError: true } });
    later(5000);
    await becomes(await start(), { phase: "failed", result: { failed: true } });
  });
});

describe("a heavy call and its link", () => {
  test("its answer may come over the next link", async () => {
    const node = await worker("loft", WRITES);
    const job = await start();
    const { id } = await given(node);
    node.drop();
    const message = expect.stringMatching(/^Node loft is offline since 20.*Z; if it still works on it/);
    await becomes(job, { phase: "running", steps: [{ phase: "watching", message }] });
    await node.dial();
    await node.sayHello({ working: [id] });
    await becomes(job, { phase: "running", steps: [{ phase: "running" }] });
    node.reply(id, textResult("done at last"));
    await becomes(job, { phase: "done" });
    node.reply(id, textResult("done again"));
    await node.sayHello();
    expect((await fleetOf().nodes())[0]?.trouble).toContain("answered the same call twice");
  });

  test("it outlives the hub: its sleep, and its end", async () => {
    const node = await worker("loft", WRITES);
    const job = await start();
    const { id } = await given(node);
    await evictDurableObject(hubOf("demo"));
    node.notify(METHOD.progress, { progressToken: id, progress: 1 });
    await becomes(job, { steps: [{ message: "1." }] });
    await abortAllDurableObjects();
    await node.dial();
    await node.sayHello({ working: [id] });
    node.reply(id, textResult("done"));
    await becomes(job, { phase: "done" });
    expect(node.calls).toHaveLength(1);
  });

  test("the hub is stopped, and its node does not come back", async () => {
    const node = await worker("loft", WRITES);
    const job = await start();
    await given(node);
    await abortAllDurableObjects();
    later(LEASE_MS);
    await ring();
    await becomes(job, { phase: "running", steps: [{ phase: "watching" }] });
    later(GRACE_MS);
    await ring();
    await becomes(job, { phase: "unknown" });
  });

  test.each([true, false])(
    "what reads begins anew elsewhere if its node does not have it any more (back: %s)",
    async (back) => {
      const first = await worker("first", { site: "cloud" });
      const second = await worker("second");
      const job = await start();
      await given(first);
      first.drop();
      await isGone("first");
      if (back) {
        await first.dial();
        await first.sayHello({ working: [] });
      } else {
        later(GRACE_MS);
        await second.sayHello();
        await ring();
      }
      await given(second);
      second.reply(job.operation_id, textResult("done elsewhere"));
      await becomes(job, { phase: "done", result: { route: { node: "second", passed: [{ node: "first" }] } } });
      // The first one had it before: its answer is late, and no lie.
      if (!back) await first.connect();
      first.reply(job.operation_id, textResult("late"));
      await first.sayHello();
      expect((await fleetOf().nodes()).map(({ trouble }) => trouble)).toEqual([null, null]);
    },
  );

  test.each([
    [
      "started anew",
      async (node: LinkedNode) => {
        await node.dial();
        await node.sayHello({ working: [] });
      },
    ],
    [
      "gone for good",
      async () => {
        later(GRACE_MS);
        await ring();
      },
    ],
    ["ended by the owner", async (node: LinkedNode) => void (await hubOf("demo").end(node.id, "anna"))],
  ])("a node %s: what changes something is of unknown outcome, and not repeated", async (_what, end) => {
    const first = await worker("first", { ...WRITES, site: "cloud" });
    const second = await worker("second", WRITES);
    const job = await start();
    await given(first);
    first.drop();
    await isGone("first");
    await end(first);
    await becomes(job, { phase: "unknown", steps: [{ message: expect.stringContaining("may or may not") }] });
    expect((await stateOf(job)).next).toContain("Nobody knows");
    expect(second.calls).toEqual([]);
  });

  test("an unknown outcome becomes known if the answer comes after all", async () => {
    const node = await worker("loft", WRITES);
    const job = await start();
    await given(node);
    node.drop();
    await isGone("loft");
    later(GRACE_MS);
    await ring();
    await becomes(job, { phase: "unknown" });
    await node.connect();
    node.reply(job.operation_id, textResult("it was done"));
    await becomes(job, { phase: "done", result: { content: [{ text: "it was done" }] } });
  });

  test("a node that falls silent is noticed by the alarm", async () => {
    const node = await worker("loft");
    const job = await start();
    await given(node);
    later(LEASE_MS + 100);
    await ring();
    await becomes(job, { steps: [{ phase: "watching" }] });
    expect(node.calls).toHaveLength(1);
  });

  test("an answer that is longer than can be kept is left out, and said", async () => {
    const node = await worker("loft", WRITES);
    const job = await start();
    await given(node);
    const link = {
      type: "resource_link",
      uri: "水".repeat(2000),
      name: "水".repeat(200),
      description: "水".repeat(2000),
    };
    const data = "A".repeat(1_000_000);
    const content = [{ type: "image", data, mimeType: "image/png" }, ...Array.from({ length: 99 }, () => link)];
    node.reply(job.operation_id, { result: { content } });
    await becomes(job, {
      phase: "done",
      result: { content: [{ text: expect.stringContaining("longer than can be kept") }] },
    });
  });

  test("what changes something is not begun while the home is frozen, nor goes on to another node", async () => {
    const full = await worker("full", { ...WRITES, site: "cloud" });
    const next = await worker("next", WRITES);
    const hub = hubOf("demo");
    const job = await start();
    await given(full);
    await hub.freeze("anna", "smoke");
    full.reply(job.operation_id, errorAnswer(NODE_ERROR.full));
    await becomes(job, { phase: "failed", steps: [{ message: expect.stringContaining("frozen") }] });
    await expect(callTool("video_transcode")).rejects.toMatchObject({ type: "conflict" });
    expect([full.calls.length, next.calls.length]).toEqual([1, 0]);
  });

  test("what reads waits for a node, if there is none now", async () => {
    const first = await worker("first", { site: "cloud" });
    const second = await worker("second");
    second.drop();
    await isGone("second");
    const job = await start();
    await given(first);
    await hubOf("demo").end(first.id, "anna");
    await becomes(job, { phase: "running", steps: [{ phase: "waiting" }] });
    await second.connect();
    await given(second);
    await becomes(job, { steps: [{ phase: "running", subject: "video.transcode on second" }] });
  });
});

describe("the end of a heavy call", () => {
  test("its caller cancels it: the node is told, and its answer counts no more", async () => {
    const node = await worker("loft", WRITES);
    const job = await start();
    await given(node);
    expect(await fleetOf().cancel(job.operation_id)).toMatchObject({ phase: "cancelled", result: null });
    await until(() => node.cancelled().length);
    expect(node.cancelled()).toMatchObject([{ requestId: job.operation_id }]);
    node.reply(job.operation_id, textResult("too late"));
    await node.sayHello();
    expect(await stateOf(job)).toMatchObject({ phase: "cancelled", result: null });
    expect((await fleetOf().nodes())[0]).toMatchObject({ trouble: null, in_flight: 0 });
    expect(await fleetOf().cancel(job.operation_id)).toMatchObject({ phase: "cancelled" });
  });

  test("a node that was away is told when it comes back", async () => {
    const node = await worker("loft", WRITES);
    const job = await start();
    await given(node);
    node.drop();
    await isGone("loft");
    await fleetOf().cancel(job.operation_id);
    await node.dial();
    await node.sayHello({ working: [job.operation_id] });
    await until(() => node.cancelled().length);
  });

  test("only its caller and admins see and end it", async () => {
    await worker("loft");
    const { operation_id } = await start();
    for (const role of ["viewer", "operator"] as const) {
      expect(await as(role, "somebody").watch(operation_id, -1, 0)).toBeUndefined();
      expect(await as(role, "somebody").cancel(operation_id)).toBeUndefined();
    }
    expect(await as("admin", "somebody").watch(operation_id, -1, 0)).toMatchObject({ phase: "running" });
    expect(await as("admin", "somebody").watch("job-unheard-of", -1, 0)).toBeUndefined();
    expect(await as("admin", "somebody").cancel(operation_id)).toMatchObject({ phase: "cancelled" });
  });

  test.each([
    [true, "failed"],
    [false, "unknown"],
  ])("it takes too long (reads: %s)", async (reads, phase) => {
    const node = await worker("loft", { reads });
    const job = await start();
    await given(node);
    later(JOB_MS);
    node.notify(METHOD.health, { load: 0, temperature_c: null, throttled: [], memory_free_mb: null });
    await vi.waitFor(async () => expect(await isOnline("loft")).toBe(true));
    await ring();
    await becomes(job, { phase });
    await until(() => node.cancelled().length);
  });

  test("it is forgotten a week after its end", async () => {
    const node = await worker("loft");
    const job = await start();
    node.reply((await given(node)).id, textResult("done"));
    await becomes(job, { phase: "done" });
    later(KEPT_MS - 60_000);
    await ring();
    expect(await stateOf(job)).toMatchObject({ phase: "done" });
    later(60_000);
    await ring();
    expect(await fleetOf().watch(job.operation_id, -1, 0)).toBeUndefined();
  });

  test("nobody else's answer counts", async () => {
    const node = await worker("loft");
    const other = await adoptedNode({ name: "other", capabilities: [offering("log.tail")] });
    const job = await start();
    await given(node);
    other.reply(job.operation_id, textResult("a lie"));
    other.reply("job-made-up", textResult("a lie"));
    other.notify(METHOD.progress, { progressToken: job.operation_id, progress: 99 });
    await other.sayHello();
    expect((await fleetOf().nodes())[1]?.trouble).toContain("was not asked (2 times");
    expect(await stateOf(job)).toMatchObject({ phase: "running", steps: [{ message: null }] });
    node.reply(job.operation_id, textResult("the truth"));
    await becomes(job, { phase: "done", result: { content: [{ text: "the truth" }] } });
  });
});
