import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { z } from "zod";
import { ACCOUNTS, connectV2 } from "../support/clients.ts";
import { liveNode, type LiveNode, Owner, someName, told, until } from "../support/live-fleet.ts";
import { temporaryFolder } from "../support/pimcp.ts";

/** What people, AI clients and real nodes at the running Worker tell each other. */

const folder = temporaryFolder();
const gateway = inject("gateway");
const prefix = someName("pump");

let edge: LiveNode;
let cloud: LiveNode;
let ai: Awaited<ReturnType<typeof connectV2>>["client"];

beforeAll(async () => {
  const owner = await new Owner(gateway).signIn();
  const wish = { config: { plugins: { clock: {} } }, grants: ["clock.now viewer reads"] };
  edge = await liveNode(gateway, folder.path, owner, { ...wish, name: someName("edge"), site: "edge" });
  cloud = await liveNode(gateway, folder.path, owner, { ...wish, name: someName("cloud"), site: "cloud" });
  ({ client: ai } = await connectV2(gateway, ACCOUNTS.operator));
});
afterAll(async () => {
  await ai.close();
  await Promise.all([edge.node.stop(), cloud.node.stop()]);
  folder.remove();
});

const at = async ({ node }: LiveNode, key: string) =>
  (await node.run("context", "get", `${prefix}/${key}`)).stdout.trim();
const put = async ({ node }: LiveNode, key: string, value: string, ...more: string[]) =>
  node.run("context", "put", `${prefix}/${key}`, value, ...more);
const arrives = (node: LiveNode, key: string, value: string) =>
  until(async () => expect(await at(node, key)).toBe(value));

const Read = z.looseObject({ value: z.unknown(), author: z.string(), conflicts: z.array(z.unknown()) });
async function readByAi(key: string) {
  const { value, isError, text } = await told(ai, "read_context", { key: `${prefix}/${key}` });
  return { isError, text, entry: z.object({ entries: z.tuple([Read]) }).safeParse(value).data?.entries[0] };
}
const write = (key: string, value: string) =>
  told(ai, "write_context", { key: `${prefix}/${key}`, action: "put", value });

test("what an AI notes in a conversation is on the nodes, and what a node notes another one and the AI can read", async () => {
  expect((await write("serviced", "next in March")).isError).toBe(false);
  await arrives(edge, "serviced", '"next in March"');
  await arrives(cloud, "serviced", '"next in March"');
  await put(cloud, "level", "low");
  await arrives(edge, "level", '"low"');
  expect((await readByAi("level")).entry).toMatchObject({ author: `node ${cloud.name}` });
});

test("what is for the house alone reaches neither the cloud node nor the AI", async () => {
  await put(edge, "door", "1234-canary", "--zone", "home");
  await put(edge, "after", "x");
  await arrives(cloud, "after", '"x"');
  expect(await at(cloud, "door")).toBe("");
  const read = await readByAi("door");
  expect(read.isError).toBe(true);
  expect(read.text).not.toContain("1234-canary");
  const listed = await told(ai, "read_context", { prefix: `${prefix}/` });
  expect(listed.text).not.toContain("1234-canary");
});

test("a node that was killed writes on offline, and merges when it is back", async () => {
  edge.signal("SIGKILL");
  await edge.running.code;
  await put(edge, "offline", "noted in the dark");
  expect((await write("meanwhile", "noted by the AI")).isError).toBe(false);
  edge.running = edge.node.start("run");
  await arrives(edge, "meanwhile", '"noted by the AI"');
  await arrives(cloud, "offline", '"noted in the dark"');
  expect((await readByAi("offline")).entry).toMatchObject({ author: `node ${edge.name}` });
});

test("two that wrote the same apart: the later one counts, and the other is kept until somebody decides", async () => {
  edge.signal("SIGKILL");
  await edge.running.code;
  await put(edge, "both", "by the node");
  expect((await write("both", "by the AI")).isError).toBe(false);
  edge.running = edge.node.start("run");
  await until(async () => expect((await readByAi("both")).text).toContain("by the node"));
  const { entry, text } = await readByAi("both");
  expect(text).toContain("by the AI");
  expect(entry?.conflicts).toMatchObject([{ author: expect.stringContaining(edge.name) }]);
  await told(ai, "write_context", { key: `${prefix}/both`, action: "resolve" });
  await arrives(edge, "both", '"by the AI"');
  expect((await readByAi("both")).entry?.conflicts ?? []).toStrictEqual([]);
});
