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
  toolNames,
  until,
} from "../support/live-fleet.ts";
import { temporaryFolder } from "../support/pimcp.ts";

/** Two nodes in the house and one elsewhere, as processes; they are killed and stopped while they are called. */

const gateway = inject("gateway");
const folder = temporaryFolder();
const domain = someDomain();
const READ = `${domain}_read`;
const WRITE = `${domain}_write`;

let owner: Owner;
let nodes: LiveNode[];
let client: Awaited<ReturnType<typeof connectV2>>["client"];

async function start(site: "edge" | "cloud", verbs = ["read", "write"]): Promise<LiveNode> {
  const name = someName(site);
  return liveNode(gateway, folder.path, owner, {
    name,
    site,
    config: probeConfig(folder.path, name, domain, { only: verbs }),
    grants: verbs.map((verb) => `${domain}.${verb} viewer ${verb === "write" ? "changes" : "reads"}`),
  });
}

beforeAll(async () => {
  owner = await new Owner(gateway).signIn();
  nodes = await Promise.all([start("edge"), start("edge"), start("cloud")]);
  ({ client } = await connectV2(gateway, ACCOUNTS.viewer));
});
afterAll(async () => {
  await client.close();
  await Promise.all(nodes.map(async ({ node }) => node.stop()));
  folder.remove();
});

const nodeOf = (name: unknown) => {
  const found = nodes.find((each) => each.name === name);
  if (found === undefined) throw new Error(`no node ${String(name)}`);
  return found;
};
const begun = (verb: string) => nodes.flatMap(({ log }) => log()).filter((line) => line.startsWith(`begin ${verb}`));

/** Runs a node again that was killed. */
async function again(live: LiveNode): Promise<void> {
  live.running = live.node.start("run");
  await until(async () => expect((await fleetRow(client, live.name))?.online).toBe(true));
}

test("killed during many calls: what only reads is answered by the others, without one failed call", async () => {
  const calls = Array.from({ length: 24 }, async (_, index) => told(client, READ, { ms: 1500, name: `r${index}` }));
  await until(() => expect(begun("read").length).toBeGreaterThanOrEqual(24));
  const busiest = nodes.toSorted((a, b) => b.log().length - a.log().length)[0];
  if (busiest === undefined) throw new Error("no node");
  const had = busiest.log().filter((line) => line.startsWith("begin read")).length;
  expect(had).toBeGreaterThan(0);
  busiest.signal("SIGKILL");
  // Calls that begin while nobody may have noticed yet.
  const more = Array.from({ length: 12 }, async (_, index) => told(client, READ, { name: `m${index}` }));
  const answers = await Promise.all([...calls, ...more]);
  expect(answers.filter(({ isError }) => isError).map(({ text }) => text)).toStrictEqual([]);
  expect(answers.map(({ value }) => value.result?.["at"])).not.toContain(busiest.name);
  const passedOver = answers.filter(({ meta }) => JSON.stringify(meta).includes(busiest.name));
  expect(passedOver.length).toBeGreaterThanOrEqual(had);
  // Each was begun once more for each call that the killed node had, and no more often.
  expect(begun("read")).toHaveLength(36 + had);
  await again(busiest);
});

test("killed during calls that change something: unknown once each, and never repeated", async () => {
  const calls = Array.from({ length: 9 }, async (_, index) =>
    told(client, WRITE, { ms: 2500, name: `w${index}`, node: nodes[index % 3]?.name ?? "" }),
  );
  await until(() => expect(begun("write").length).toBe(9));
  const victim = nodes.find(({ log }) => log().some((line) => line.startsWith("begin write")));
  if (victim === undefined) throw new Error("no node was asked");
  const had = victim
    .log()
    .filter((line) => line.startsWith("begin write"))
    .map((line) => line.split(" ")[2]);
  victim.signal("SIGKILL");
  const answers = await Promise.all(calls);
  expect(had).toHaveLength(3);
  const failed = answers.flatMap(({ isError, text }, index) => (isError ? [{ name: `w${index}`, text }] : []));
  expect(failed.map(({ name }) => name).toSorted((a, b) => a.localeCompare(b))).toStrictEqual(
    had.toSorted((a = "", b = "") => a.localeCompare(b)),
  );
  for (const { text } of failed) {
    expect(text).toContain("It may or may not have been done; it is not repeated.");
    expect(text).toContain(victim.name);
  }
  await again(victim);
  // Nothing is made up for when it is back.
  expect(begun("write")).toHaveLength(9);
});

test.concurrent("a node whose process hangs is out within ten seconds, its tool stays listed, and it comes back by itself", async () => {
  const only = someDomain();
  const name = someName("hung");
  const hung = await liveNode(gateway, folder.path, owner, {
    name,
    config: probeConfig(folder.path, name, only, { only: ["read"] }),
    grants: [`${only}.read viewer reads`],
  });
  nodes.push(hung);
  await told(client, `${only}_read`);
  hung.signal("SIGSTOP");
  const stoppedAt = Date.now();
  await until(async () => expect((await fleetRow(client, name))?.online).toBe(false));
  const row = await fleetRow(client, name);
  // When it counted as gone, by the gateway's clock; that is a rule, and no matter of the machine's speed.
  expect(Date.parse(String(row?.["since"])) - stoppedAt).toBeLessThanOrEqual(10_000);
  expect(await toolNames(client)).toContain(`${only}_read`);
  const refused = await told(client, `${only}_read`);
  expect(refused.isError).toBe(true);
  expect(refused.text).toContain("offline since");
  hung.signal("SIGCONT");
  await until(async () => expect((await fleetRow(client, name))?.online).toBe(true));
  expect((await told(client, `${only}_read`)).value.result).toMatchObject({ at: name });
});

test.concurrent("a call that waits for a node that hangs is answered by another one", async () => {
  const one = await told(client, READ, { name: "who" });
  const chosen = nodeOf(one.value.result?.["at"]);
  chosen.signal("SIGSTOP");
  const answers = await Promise.all(Array.from({ length: 6 }, async () => told(client, READ, { name: "stopped" })));
  chosen.signal("SIGCONT");
  expect(answers.filter(({ isError }) => isError)).toStrictEqual([]);
  expect(answers.map(({ value }) => value.result?.["at"])).not.toContain(chosen.name);
});
