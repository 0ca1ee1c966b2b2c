import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { afterAll, afterEach, beforeEach, expect, inject, test } from "vitest";
import { type Page, Person } from "../../scripts/support/person.ts";
import { ACCOUNTS } from "../support/accounts.ts";
import { connectV2 } from "../support/clients.ts";
import { filledIn, press } from "../support/forms.ts";
import { type NodeProcess, type TestNode, testNode } from "../support/nodes.ts";
import { temporaryFolder } from "../support/pimcp.ts";

/** A real process of a node, the real Worker, a person on the page of nodes, and an MCP client. */

const PATIENT = { timeout: 30_000, interval: 50 };
const folder = temporaryFolder();
const gateway = inject("gateway");
const PAGE = new URL("/nodes", gateway);

let node: TestNode;
let running: NodeProcess;
let name: string;
let owner: Person;

const printed = () => running.printed();
const page = () => owner.go(PAGE);

beforeEach(async () => {
  name = `n${randomUUID().slice(0, 8)}`;
  node = testNode(join(folder.path, name), { plugins: { clock: {} } });
  owner = new Person(ACCOUNTS.admin);
  await owner.signIn(await page());
});
afterEach(() => node.stop());
afterAll(() => folder.remove());

const joinArgs = (...more: string[]) => [
  "join",
  gateway,
  "--home",
  "home",
  "--name",
  name,
  "--config",
  node.config,
  ...more,
];

const save = () => `Save the switches of ${name}`;

/** Switches on a capability that only reads, with a role. */
async function switchOn(capability: string, role: string): Promise<Page> {
  const before = await page();
  const [key = ""] =
    [...filledIn(before, save())].find(([field, value]) => field.startsWith("name.") && value === capability) ?? [];
  const index = key.slice("name.".length);
  return press(owner, before, save(), { [`role.${index}`]: role, [`use.${index}`]: "reads" });
}

test("joins, is adopted on the page, its tool is called from an AI client, and it is ended at once", async () => {
  running = node.start(...joinArgs());
  await expect.poll(printed, PATIENT).toContain("This node waits for its owner");
  const [code = "no code"] = /[A-Z0-9]{4}-[A-Z0-9]{4}/.exec(printed()) ?? [];
  const waiting = await page();
  expect(waiting.html).toContain(code);
  expect(waiting.html).toContain("clock.now");
  await press(owner, waiting, `Adopt ${name}`);
  await expect.poll(printed, PATIENT).toContain(`adopted as ${name}`);
  await switchOn("clock.now", "viewer");
  await expect.poll(printed, PATIENT).toContain("clock.now: switched on.");
  expect(await node.status()).toMatchObject({ home: "home", standing: { state: "adopted", name } });

  const { client } = await connectV2(gateway, ACCOUNTS.viewer);
  const { tools } = await client.listTools();
  expect(tools.map((tool) => tool.name)).toContain("clock_now");
  const result = await client.callTool({ name: "clock_now", arguments: { name: "claude" } });
  expect(result.structuredContent).toMatchObject({ node: name, result: { hello: "claude" } });
  await client.close();

  await press(owner, await page(), `End ${name} for good`);
  expect(await running.code).toBe(3);
  expect(printed()).toContain("ended this node");
  const again = node.start("run");
  expect(await again.code).toBe(3);
  expect(again.printed()).toContain("The owner of this home has refused or ended this node");
});
