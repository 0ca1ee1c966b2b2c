import type { Page } from "playwright-core";
import { z } from "zod";
import { ACCOUNTS, connectV2 } from "../support/clients.ts";
import { WebSocket } from "ws";
import { signProof } from "../../src/federation/wire/identity.ts";
import { CONNECT_PATH, SUBPROTOCOL } from "../../src/federation/wire/limits.ts";
import { helloOf, joinBody, newNodeKey, type NodeKey, offering } from "../support/federated-node.ts";
import { requestOf } from "./client.ts";

/** Where a tour leads. */
export interface Places {
  readonly oneHome: string;
  readonly severalHomes: string;
}

/** One page in one state. */
export interface Stop {
  readonly name: string;
  /** Its only heading of the first order. */
  readonly heading: RegExp;
  visit(page: Page, places: Places): Promise<unknown>;
}

const CLAUDE = { name: "Claude", callback: "https://claude.ai/api/mcp/auth_callback" };
const CODE = { name: "Claude Code", callback: "http://127.0.0.1:33418/callback" };

/** Fills in the one sign-in form of a page, and sends it. */
export async function signIn(page: Page, username: string, password = `${username}-demo`): Promise<void> {
  await page.getByLabel("User name").fill(username);
  await page.getByLabel("Password").fill(password);
  await page.getByRole("button", { name: /^(Sign in|Add this home)$/ }).click();
}

async function consentPage(page: Page, gateway: string, wish = CLAUDE, scope?: string): Promise<void> {
  await page.goto(await requestOf(gateway, { ...wish, ...(scope === undefined ? {} : { scope }) }));
  await signIn(page, "operator");
}

/** Opens the consent page's part for a further home. */
export const openFurther = (page: Page) => page.getByText("Sign in to Town flat, too").click();

/** Connects a client twice, and shows both. No other test connects it for this account. */
async function connections(page: Page, gateway: string): Promise<void> {
  for (let each = 0; each < 2; each += 1) await (await connectV2(gateway, ACCOUNTS.viewer)).client.close();
  await page.goto(`${gateway}/connections`);
  await signIn(page, "viewer");
}

const Issued = z.object({ private_key_url: z.string() });

/** Has a private key left for the admin. @returns its address */
export async function leftKey(gateway: string): Promise<string> {
  const { client } = await connectV2(gateway, ACCOUNTS.admin);
  await client.callTool({ name: "initialize_ca", arguments: {} });
  const args = { common_name: "nas.home.cluster.local", certificate_type: "service" };
  const { structuredContent } = await client.callTool({ name: "issue_certificate", arguments: args });
  await client.close();
  return Issued.parse(structuredContent).private_key_url;
}

/** Has a node ask to be let in. */
export async function nodeAsks(gateway: string, name: string): Promise<NodeKey> {
  const key = await newNodeKey();
  const body = JSON.stringify(await joinBody(key, { origin: gateway, home: "demo", name }));
  const answer = await fetch(`${gateway}/nodes/join`, { method: "POST", body });
  await answer.body?.cancel();
  return key;
}

/** Connects a node, and has it say what it offers. */
export async function connected(gateway: string, key: NodeKey, capabilities: readonly unknown[]): Promise<WebSocket> {
  const proof = await signProof(
    key.secret,
    { nodeId: key.id, home: "demo", audience: gateway + CONNECT_PATH },
    Date.now(),
  );
  const socket = new WebSocket(`${gateway.replace("http", "ws")}${CONNECT_PATH}?home=demo`, [SUBPROTOCOL], {
    headers: { authorization: `Bearer ${proof}` },
  });
  await new Promise<void>((resolve, reject) => {
    socket.once("error", reject);
    socket.once("open", () =>
      socket.send(JSON.stringify({ jsonrpc: "2.0", id: 1, method: "pimcp/hello", params: helloOf(capabilities) })),
    );
    socket.once("message", () => resolve());
  });
  return socket;
}

/** The page of nodes, for the admin of the demo home. */
async function nodesPage(page: Page, gateway: string): Promise<void> {
  await page.goto(`${gateway}/nodes`);
  await signIn(page, "admin");
}

/** Reserves two pins of the demo home for the operator, and switches one of them. */
async function inUse(gateway: string): Promise<void> {
  const { client } = await connectV2(gateway, ACCOUNTS.operator);
  const client_id = "evening-light";
  await client.callTool({ name: "write_gpio_pin", arguments: { gpio_id: 15, value: 1 } });
  const held = { client_id, duration_seconds: 3600, on_expire: { value: 0 } };
  for (const gpio_id of [15, 19]) await client.callTool({ name: "reserve_gpio_pin", arguments: { gpio_id, ...held } });
  await client.callTool({ name: "delete_cluster", arguments: { cluster_id: 1 } });
  const notes = {
    "pump/serviced": { month: "May", by: "Anna" },
    "door/code": "asks Anna",
    "shed/last-frost": "2 March",
  };
  for (const [key, value] of Object.entries(notes)) {
    await client.callTool({ name: "write_context", arguments: { key, value } });
  }
  await client.close();
}

/** Once: only one gateway is made busy. */
let busy: Promise<void> | undefined;

/** A page of the console, while something goes on at home. */
async function busyPage(page: Page, gateway: string, path: string, username = "admin"): Promise<void> {
  await (busy ??= inUse(gateway));
  await page.goto(gateway + path);
  await signIn(page, username);
}

/** Every page that people meet. */
export const TOUR: readonly Stop[] = [
  { name: "landing", heading: /Raspberry Pis/, visit: (page, { oneHome }) => page.goto(oneHome) },
  {
    name: "sign-in",
    heading: /^Sign in to Demo home$/,
    visit: async (page, { oneHome }) => page.goto(await requestOf(oneHome, CLAUDE)),
  },
  {
    name: "sign-in-failed",
    heading: /^Sign in to Demo home$/,
    async visit(page, { oneHome }) {
      await page.goto(await requestOf(oneHome, CLAUDE));
      await signIn(page, "operator", "wrong");
    },
  },
  {
    name: "sign-in-several",
    heading: /^Sign in to your home$/,
    visit: async (page, { severalHomes }) => page.goto(await requestOf(severalHomes, CLAUDE)),
  },
  { name: "consent", heading: /^Allow Claude /, visit: (page, { oneHome }) => consentPage(page, oneHome) },
  {
    name: "consent-several",
    heading: /^Allow Claude Code /,
    async visit(page, { severalHomes }) {
      await consentPage(page, severalHomes, CODE, "pi:operate");
      await openFurther(page);
      await signIn(page, "viewer");
    },
  },
  {
    name: "consent-further-failed",
    heading: /^Allow Claude /,
    async visit(page, { severalHomes }) {
      await consentPage(page, severalHomes);
      await openFurther(page);
      await signIn(page, "operator", "wrong");
    },
  },
  { name: "homes", heading: /^Your home$/, visit: (page, { oneHome }) => busyPage(page, oneHome, "/homes") },
  { name: "home", heading: /^Demo home$/, visit: (page, { oneHome }) => busyPage(page, oneHome, "/homes/demo") },
  {
    name: "home-viewer",
    heading: /^Demo home$/,
    visit: (page, { oneHome }) => busyPage(page, oneHome, "/homes/demo", "viewer"),
  },
  {
    name: "pi",
    heading: /^pi-worker-1$/,
    visit: (page, { oneHome }) => busyPage(page, oneHome, "/homes/demo/nodes/2"),
  },
  { name: "pin", heading: /^led-strip$/, visit: (page, { oneHome }) => busyPage(page, oneHome, "/homes/demo/pins/15") },
  {
    name: "activity",
    heading: /^What was done at Demo home$/,
    visit: (page, { oneHome }) => busyPage(page, oneHome, "/activity"),
  },
  {
    name: "notes",
    heading: /^Notes of Demo home$/,
    visit: (page, { oneHome }) => busyPage(page, oneHome, "/context"),
  },
  {
    name: "note",
    heading: /^pump.serviced$/,
    async visit(page, { oneHome }) {
      await busyPage(page, oneHome, "/context");
      await page.getByRole("link", { name: "pump/serviced" }).click();
    },
  },
  {
    name: "home-not-theirs",
    heading: /^This was not done$/,
    visit: (page, { oneHome }) => busyPage(page, oneHome, "/homes/other"),
  },
  {
    name: "homes-several",
    heading: /^Your home$/,
    async visit(page, { severalHomes }) {
      await page.goto(`${severalHomes}/homes`);
      await signIn(page, "operator");
    },
  },
  {
    name: "home-frozen",
    heading: /^Town flat$/,
    async visit(page, { severalHomes }) {
      await page.goto(`${severalHomes}/homes/town`);
      await page.getByLabel("Home").selectOption("Town flat");
      await signIn(page, "admin");
      await page.getByLabel("Why, for the record").fill("The pump does not stop, and nobody knows why");
      await page.getByRole("button", { name: "Freeze Town flat" }).click();
      await page.getByText("Nothing is changed until an admin lifts it").waitFor();
    },
  },
  {
    name: "doctor",
    heading: /^From your AI client to your Pis$/,
    async visit(page, { oneHome }) {
      await page.goto(`${oneHome}/doctor`);
      await signIn(page, "viewer");
    },
  },
  {
    name: "connections-sign-in",
    heading: /^Sign in to Demo home$/,
    visit: (page, { oneHome }) => page.goto(`${oneHome}/connections`),
  },
  {
    name: "connections",
    heading: /act for viewer/,
    visit: (page, { oneHome }) => connections(page, oneHome),
  },
  {
    name: "connections-ended",
    heading: /act for viewer/,
    async visit(page, { oneHome }) {
      await connections(page, oneHome);
      await page.getByRole("button", { name: "End PiMCP demo" }).first().click();
      await page.getByRole("status").waitFor();
    },
  },
  {
    name: "connections-none",
    heading: /act for admin/,
    async visit(page, { severalHomes }) {
      await page.goto(`${severalHomes}/connections`);
      await signIn(page, "admin");
    },
  },
  {
    name: "nodes-sign-in",
    heading: /^Sign in to Demo home$/,
    visit: (page, { oneHome }) => page.goto(`${oneHome}/nodes`),
  },
  {
    name: "nodes-not-admin",
    heading: /^Machines that offer tools$/,
    async visit(page, { oneHome }) {
      await page.goto(`${oneHome}/nodes`);
      await signIn(page, "operator");
    },
  },
  {
    name: "nodes",
    heading: /^Machines that offer tools$/,
    async visit(page, { oneHome }) {
      const kitchen = await nodeAsks(oneHome, "kitchen");
      const shed = await nodeAsks(oneHome, "shed");
      const hints = { readOnly: false, destructive: true, idempotent: false, openWorld: false };
      const run = offering("shell.run", {
        hints,
        description: "Runs a program of a list, with arguments.\nIts output is cut after 64 KB.",
        weight: "heavy",
      });
      const first = await connected(oneHome, kitchen, [
        offering("file.search"),
        offering("file.read"),
        run,
        offering("file.hid\u202eden"),
      ]);
      await connected(oneHome, shed, [offering("file.search"), run]);
      await nodeAsks(oneHome, "attic");
      await nodeAsks(oneHome, "garden-shed-behind-the-house-pi");
      await nodesPage(page, oneHome);
      await page.getByRole("button", { name: "Refuse attic" }).click();
      await page.getByRole("button", { name: "Adopt kitchen" }).click();
      await page.getByText("file.search: off").click();
      await page.locator("details[open] select").selectOption("viewer");
      await page.getByText("It only reads.").first().click();
      await page.getByRole("button", { name: "Save the switches of kitchen" }).click();
      await page.getByRole("status").waitFor();
      first.close();
      await connected(oneHome, kitchen, [
        offering("file.search", {
          description: "Wh\u0430t it does, in words.",
          inputSchema: { type: "object", properties: { path: { type: "string" }, all: { type: "boolean" } } },
        }),
        offering("file.read"),
        run,
        offering("file.hid\u202eden"),
      ]);
      await page.goto(`${oneHome}/nodes`);
      await page.getByText("file.read: off").click();
      await page.getByText("shell.run: careful").click();
      await page.locator("form details[open]").getByText("Its arguments").first().click();
      await page.getByText("End kitchen", { exact: true }).click();
      await page.getByText("Refused and ended keys").click();
    },
  },
  {
    name: "nodes-token",
    heading: /^Machines that offer tools$/,
    async visit(page, { oneHome }) {
      await nodesPage(page, oneHome);
      await page.getByText("Make an enrolment token").click();
      await page.getByLabel("Capabilities that are on at once").fill("file.search viewer reads");
      await page.getByRole("button", { name: "Make a token" }).click();
      await page.getByText("Make an enrolment token").click();
    },
  },
  {
    name: "nodes-no-token",
    heading: /^Machines that offer tools$/,
    async visit(page, { oneHome }) {
      await nodesPage(page, oneHome);
      await page.getByText("Make an enrolment token").click();
      await page.getByLabel("Capabilities that are on at once").fill("search for everybody");
      await page.getByRole("button", { name: "Make a token" }).click();
      await page.getByRole("alert").waitFor();
    },
  },
  {
    name: "secret",
    heading: /private key of nas/i,
    async visit(page, { oneHome }) {
      await page.goto(await leftKey(oneHome));
      await signIn(page, "admin");
    },
  },
  {
    name: "secret-shown",
    heading: /private key of nas/i,
    async visit(page, { oneHome }) {
      await page.goto(await leftKey(oneHome));
      await signIn(page, "admin");
      await page.getByRole("button", { name: "Show it now" }).click();
    },
  },
  {
    name: "secret-gone",
    heading: /^Nothing here$/,
    async visit(page, { oneHome }) {
      await page.goto(`${oneHome}/secrets/00000000-0000-4000-8000-000000000000`);
      await signIn(page, "admin");
    },
  },
  {
    name: "start-again",
    heading: /^Start again$/,
    async visit(page, { oneHome }) {
      await consentPage(page, oneHome);
      await page.context().clearCookies();
      await page.getByRole("button", { name: "Allow" }).click();
    },
  },
  {
    name: "unknown-client",
    heading: /^This cannot go on$/,
    visit: (page, { oneHome }) => page.goto(`${oneHome}/authorize?response_type=code&client_id=nobody`),
  },
  {
    name: "not-listed",
    heading: /^Not on the list$/,
    async visit(page, { severalHomes }) {
      await page.goto(await requestOf(severalHomes, CLAUDE));
      await atIssuer(page, "carla@example.com");
    },
  },
  { name: "not-found", heading: /^Not found$/, visit: (page, { oneHome }) => page.goto(`${oneHome}/nowhere`) },
];

/** Signs in at the issuer of the gateway with several homes, on its own pages, until the gateway has its answer. */
export async function atIssuer(page: Page, email: string): Promise<void> {
  const gateway = new URL(page.url()).origin;
  await page.getByRole("link", { name: "Sign in with Example" }).click();
  await page.locator('input[name="login"]').fill(email);
  await page.locator('input[name="password"]').fill("any");
  await page.locator('button[type="submit"]').click();
  // What is next is the issuer's question whether the gateway may know who this is.
  await page.locator('button[type="submit"]').click();
  await page.waitForURL((url) => url.origin === gateway);
}
