import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { ACCOUNTS, connectV2 } from "../support/clients.ts";
import {
  fleetRow,
  liveNode,
  type LiveNode,
  Owner,
  probeConfig,
  someDomain,
  someName,
  told,
  until,
} from "../support/live-fleet.ts";
import { temporaryFolder } from "../support/pimcp.ts";

/** Heavy work, on a node elsewhere and on one in the house, both processes. */

const gateway = inject("gateway");
const folder = temporaryFolder();
const domain = someDomain();
const WORK = `${domain}_work`;

let edge: LiveNode;
let cloud: LiveNode;
let client: Awaited<ReturnType<typeof connectV2>>["client"];

beforeAll(async () => {
  const owner = await new Owner(gateway).signIn();
  const start = async (site: "edge" | "cloud") => {
    const name = someName(site);
    const config = probeConfig(folder.path, name, domain, { only: ["work"] });
    return liveNode(gateway, folder.path, owner, { name, site, config, grants: [`${domain}.work viewer reads`] });
  };
  [edge, cloud] = await Promise.all([start("edge"), start("cloud")]);
  ({ client } = await connectV2(gateway, ACCOUNTS.operator));
});
afterAll(async () => {
  await client.close();
  await Promise.all([edge, cloud].map(async ({ node }) => node.stop()));
  folder.remove();
});

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** The process in which a node does the work of that name. */
function workerOf({ log }: LiveNode, name: string): number | undefined {
  const line = log().find((each) => each.startsWith("pid ") && each.endsWith(` ${name}`));
  return line === undefined ? undefined : Number(line.split(" ")[1]);
}

/** An operation, once it has ended. */
async function ended(operationId: string) {
  for (;;) {
    const state = await told(client, "get_operation", { operation_id: operationId });
    if (state.value.phase !== "running") return state;
    await sleep(200);
  }
}

test("runs on the node elsewhere, tells how far it is, and is done under a handle", async () => {
  const steps: string[] = [];
  const result = await client.callTool(
    { name: WORK, arguments: { ms: 6000, name: "short" } },
    { onprogress: ({ message }) => void steps.push(message ?? "") },
  );
  expect(result).toMatchObject({ _meta: { "pimcp/route": { node: cloud.name } } });
  expect(result.structuredContent).toMatchObject({
    operation_id: expect.stringMatching(/^job-/),
    node: cloud.name,
    result: { at: cloud.name, name: "short" },
  });
  expect(steps.join("\n")).toContain("of 4");
  expect(edge.log()).toStrictEqual([]);
});

test.concurrent("goes on while its node's link is down, and its answer comes over the next one", async () => {
  const call = told(client, WORK, { ms: 17_000, name: "long" });
  await until(() => expect(cloud.log()).toContain("begin work long"));
  cloud.signal("SIGSTOP");
  await until(async () => expect((await fleetRow(client, cloud.name))?.online).toBe(false));
  cloud.signal("SIGCONT");
  await until(async () => expect((await fleetRow(client, cloud.name))?.online).toBe(true));
  const { value } = await call;
  const done = value.result === undefined ? await ended(String(value.operation_id)) : { value };
  expect(done.value.result).toMatchObject({ result: { at: cloud.name, name: "long" } });
  expect(cloud.log().filter((line) => line === "begin work long")).toHaveLength(1);
  expect(edge.log()).not.toContain("begin work long");
});

test.concurrent("is cancelled, and the process behind it ends", async () => {
  const { value } = await told(client, WORK, { ms: 600_000, name: "endless", node: edge.name });
  expect(value.phase).toBe("running");
  const pid = workerOf(edge, "endless") ?? 0;
  expect(isAlive(pid)).toBe(true);
  const cancelled = await told(client, "cancel_operation", { operation_id: value.operation_id });
  expect(cancelled.value.phase).toBe("cancelled");
  await until(() => expect(isAlive(pid)).toBe(false));
  expect(edge.log()).not.toContain("end work endless");
});

test("falls back to the house when no node elsewhere is there", async () => {
  cloud.signal("SIGTERM");
  expect(await cloud.running.code).toBe(0);
  const { value } = await told(client, WORK, { name: "fallback" });
  expect(value).toMatchObject({ operation_id: expect.stringMatching(/^job-/), result: { at: edge.name } });
});
