import { Client, InMemoryTransport, ProtocolError } from "@modelcontextprotocol/client";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { z } from "zod";
import { callerOf } from "../../src/auth/grant.ts";
import { roleOf, SCOPE_OF, SCOPES } from "../../src/auth/scopes.ts";
import type { Caller } from "../../src/contract/caller.ts";
import type { Catalogue } from "../../src/contract/catalogue.ts";
import { lower, type Role, ROLES } from "../../src/contract/role.ts";
import { createWorld } from "../../src/demo/world.ts";
import { createSealer } from "../../src/lib/crypto.ts";
import { serverFactory } from "../../src/mcp/server.ts";
import { Consents } from "../../src/mcp/consents.ts";
import { Watches } from "../../src/mcp/watches.ts";
import { prompts } from "../../src/prompts/index.ts";
import { resources } from "../../src/resources/index.ts";
import { tools } from "../../src/tools/index.ts";
import { household } from "../support/in-memory.ts";

const SEALER = createSealer(crypto.getRandomValues(new Uint8Array(32)));

const CATALOGUE: Catalogue = { tools, resources, prompts };

/** The same things for other people: a rule that holds for one distribution of roles may do so by chance. */
const turned = <Each extends { readonly role: Role }>(each: Each, index: number): Each => ({
  ...each,
  role: ROLES[index % ROLES.length] ?? each.role,
});

const TURNED: Catalogue = { tools: tools.map(turned), resources: resources.map(turned), prompts: prompts.map(turned) };

/** Every set of scopes that can be granted. */
const GRANTS = Array.from({ length: 2 ** SCOPES.length }, (_, bits) =>
  SCOPES.filter((_scope, index) => (bits >> index) % 2 === 1),
);

const COMBINATIONS = ROLES.flatMap((role) => GRANTS.map((scope) => ({ role, scope })));

/** Someone with that role at the home, who has granted a client those scopes. */
function grantOf(role: Role, scope: readonly string[]): Caller | undefined {
  const login = { username: "admin", password: "admin-demo" };
  const rules = { sources: new Set(["pi-controller"]), people: new Map() };
  const context = {
    props: {
      userId: "demo.3",
      userName: "admin",
      connectionId: "11111111-1111-4111-8111-111111111111",
      homes: { demo: { role, login } },
    },
    auth: { clientId: "client", scope: [...scope] },
  };
  return callerOf(context, rules);
}

const home = household("documented", createWorld(Date.now()), { confirms: true });

async function clientOf(caller: Caller, catalogue: Catalogue): Promise<Client> {
  const [near, far] = InMemoryTransport.createLinkedPair();
  const open = () => ({ ...home.ports, caller });
  const call = { caller, open, origin: "https://pimcp.example", watches: new Watches(), consents: new Consents() };
  const server = serverFactory(catalogue, { confirm: true, sealer: SEALER }).server(call, "legacy");
  const client = new Client({ name: "pimcp-test", version: "1.0.0" });
  await Promise.all([server.connect(far), client.connect(near)]);
  return client;
}

const Told = z.tuple([z.object({ text: z.string() })]);
const FaultShape = z.object({ type: z.string(), message: z.string() });

/** Why a tool was not run for this role; `undefined` if it was run, or refused for another reason. */
async function refusalOfTool(client: Client, name: string): Promise<string | undefined> {
  const before = home.requests;
  const { isError, content } = await client.callTool({ name, arguments: {} });
  if (isError !== true) return undefined;
  const { type, message } = FaultShape.parse(JSON.parse(Told.parse(content)[0].text));
  if (type !== "forbidden") return undefined;
  expect(home.requests).toBe(before);
  return message;
}

/** The same for what has errors of the protocol. */
async function refusalOf(work: Promise<unknown>): Promise<string | undefined> {
  const before = home.requests;
  const error: unknown = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (error === undefined) return undefined;
  if (!(error instanceof ProtocolError)) throw error;
  const fault = FaultShape.safeParse(error.data);
  if (fault.data?.type !== "forbidden") return undefined;
  expect(home.requests).toBe(before);
  return fault.data.message;
}

/** The names of those that were refused for the role, which each refusal names. */
async function refused<Each extends { readonly role: Role }>(
  all: readonly Each[],
  has: Role,
  ask: (each: Each) => Promise<string | undefined>,
): Promise<Each[]> {
  const found: Each[] = [];
  for (const each of all) {
    const why = await ask(each);
    if (why === undefined) continue;
    expect(why).toMatch(new RegExp(`needs the role ${each.role} .* has ${has}\\. Nothing was changed\\.$`));
    found.push(each);
  }
  return found;
}

/** A resource of each family that is there, or could be. */
const exampleOf = (uri: string) => uri.replace("{gpio_id}", "15").replace(/\{\w+\}/, "1");

beforeEach(() => {
  vi.spyOn(console, "info").mockReturnValue();
});
afterEach(() => vi.restoreAllMocks());

describe.each([
  ["the catalogue", CATALOGUE],
  ["the catalogue with other roles", TURNED],
] as const)("listed ⇔ callable in %s", (_name, catalogue) => {
  const allowed = COMBINATIONS.filter(({ scope }) => roleOf(scope) !== undefined);

  test.each(allowed)("as $role who granted $scope", async ({ role, scope }) => {
    const caller = grantOf(role, scope);
    if (caller === undefined) throw new Error("the grant gives no caller");
    const has = caller.homes["demo"]?.role ?? "viewer";
    const client = await clientOf(caller, catalogue);

    const listedTools = new Set((await client.listTools()).tools.map(({ name }) => name));
    const refusedTools = await refused(catalogue.tools, has, ({ name }) => refusalOfTool(client, name));
    expect(refusedTools).toStrictEqual(catalogue.tools.filter(({ name }) => !listedTools.has(name)));

    const templates = (await client.listResourceTemplates()).resourceTemplates.map(({ uriTemplate }) => uriTemplate);
    const fixed = (await client.listResources()).resources.map(({ uri }) => uri);
    const listedUris = new Set([...templates, ...fixed]);
    const refusedResources = await refused(catalogue.resources, has, ({ uri }) =>
      refusalOf(client.readResource({ uri: exampleOf(uri) })),
    );
    expect(refusedResources).toStrictEqual(catalogue.resources.filter(({ uri }) => !listedUris.has(uri)));
    // What is listed of a family can be read, and of no other.
    for (const { uri } of refusedResources) expect(listedUris).not.toContain(exampleOf(uri));

    const listedPrompts = new Set((await client.listPrompts()).prompts.map(({ name }) => name));
    const refusedPrompts = await refused(catalogue.prompts, has, ({ name }) => refusalOf(client.getPrompt({ name })));
    expect(refusedPrompts).toStrictEqual(catalogue.prompts.filter(({ name }) => !listedPrompts.has(name)));

    const refusedCompletions = await refused(catalogue.prompts, has, ({ name }) => {
      const argument = {
        name: Object.keys(catalogue.prompts.find((each) => each.name === name)?.arguments.shape ?? {})[0] ?? "x",
        value: "",
      };
      return refusalOf(client.complete({ ref: { type: "ref/prompt", name }, argument }));
    });
    for (const { name } of refusedCompletions) expect(listedPrompts).not.toContain(name);
    await client.close();
  });
});

describe("what a grant gives", () => {
  test.each(COMBINATIONS)("$role who granted $scope", ({ role, scope }) => {
    const granted = ROLES.findLast((each) => scope.includes(SCOPE_OF[each]));
    const caller = grantOf(role, scope);
    // Without one of our scopes a token opens nothing.
    expect(caller?.homes["demo"]?.role).toBe(granted === undefined ? undefined : lower(role, granted));
  });

  test("each role is told of more than the one below", async () => {
    const counts: number[] = [];
    for (const role of ROLES) {
      const caller = grantOf(role, SCOPES);
      if (caller !== undefined) counts.push((await (await clientOf(caller, CATALOGUE)).listTools()).tools.length);
    }
    expect(counts).toStrictEqual(counts.toSorted((a, b) => a - b));
    expect(new Set(counts).size).toBe(ROLES.length);
    expect(counts.at(-1)).toBe(tools.length);
  });
});
