import { randomBytes } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { afterAll, beforeAll, expect, test } from "vitest";
import { WebSocket } from "ws";
import { freePort, type Gateway, startWrangler } from "../../scripts/support/wrangler.ts";
import { type Account, type Page, Person } from "../../scripts/support/person.ts";
import { CONNECT_PATH, SUBPROTOCOL } from "../../src/federation/wire/limits.ts";
import { signProof } from "../../src/federation/wire/identity.ts";
import { nodeFolder } from "../../src/node/folders.ts";
import { readJoined } from "../../src/node/joined.ts";
import { ACCOUNTS, connectAs } from "../support/clients.ts";
import { filledIn } from "../support/forms.ts";
import {
  fleetRow,
  liveNode,
  type LiveNode,
  Owner,
  probeConfig,
  someDomain,
  someName,
  type Told,
  told,
  toolNames,
  until,
} from "../support/live-fleet.ts";
import { temporaryFolder } from "../support/pimcp.ts";

/** A Worker of its own with two homes: what a node of one is to the other, and what a crash of it leaves. */

const HOMES = ["alpha", "beta"].map((id) => ({ id, name: id, reach: "demo" }));
const folder = temporaryFolder();
const domain = someDomain();

/** Somebody with an account at one of several homes. */
class Resident extends Person {
  readonly #account: Account;
  readonly #home: string;

  constructor(account: Account, home: string) {
    super(account);
    this.#account = account;
    this.#home = home;
  }

  override signIn(page: Page): Promise<Page> {
    const { username, password } = this.#account;
    return this.go(new URL("/sign-in", page.url), filledIn(page, "Sign in", { username, password, home: this.#home }));
  }
}

let port: number;
let gateway: Gateway;
let edge: LiveNode;
let cloud: LiveNode;

async function start(): Promise<void> {
  gateway = await startWrangler({ port, envFiles: [join(folder.path, "vars")], persistTo: join(folder.path, "state") });
}

beforeAll(async () => {
  const variables = {
    ENVIRONMENT: "development",
    LIMITS: "off",
    TOKEN_KEY: randomBytes(32).toString("base64"),
    HOMES: JSON.stringify(HOMES),
  };
  const lines = Object.entries(variables).map(([name, value]) => `${name}='${value}'`);
  writeFileSync(join(folder.path, "vars"), lines.join("\n"));
  port = await freePort();
  await start();
  const owner = await new Owner(gateway.url, new Resident(ACCOUNTS.admin, "alpha")).signIn();
  const node = async (site: "edge" | "cloud") => {
    const name = someName(site);
    const verbs = ["read", "write", "work"];
    return liveNode(gateway.url, folder.path, owner, {
      name,
      site,
      home: "alpha",
      config: probeConfig(folder.path, name, domain, { only: verbs }),
      grants: verbs.map((verb) => `${domain}.${verb} operator ${verb === "write" ? "changes" : "reads"}`),
    });
  };
  [edge, cloud] = await Promise.all([node("edge"), node("cloud")]);
});
afterAll(async () => {
  await Promise.all([edge, cloud].map(async (each) => each.node.stop()));
  await gateway.stop();
  folder.remove();
});

const connected = async (home: string) => (await connectAs(gateway.url, new Resident(ACCOUNTS.operator, home))).client;

test("a node's key of one home is nothing at another, and nobody there sees it", async () => {
  const joined = readJoined(nodeFolder(edge.node.env, process.platform));
  if (joined === undefined) throw new Error("it has not joined");
  const dial = async (home: string, proofHome: string) => {
    const audience = gateway.url + CONNECT_PATH;
    const proof = await signProof(joined.key, { nodeId: joined.node_id, home: proofHome, audience }, Date.now());
    const url = `${audience.replace(/^http/, "ws")}?home=${home}`;
    const socket = new WebSocket(url, [SUBPROTOCOL], { headers: { authorization: `Bearer ${proof}` } });
    return new Promise<number | undefined>((resolve) => {
      socket.once("unexpected-response", (_request, { statusCode }) => {
        socket.on("error", () => undefined).terminate();
        resolve(statusCode);
      });
      socket.once("open", () => {
        socket.terminate();
        resolve(101);
      });
    });
  };
  expect(await dial("beta", "beta")).toBe(404);
  expect([401, 404]).toContain(await dial("beta", "alpha"));
  expect(await dial("alpha", "beta")).toBe(401);
  const [here, there] = await Promise.all([connected("alpha"), connected("beta")]);
  expect(await toolNames(here)).toContain(`${domain}_read`);
  expect(await toolNames(there)).not.toContain(`${domain}_read`);
  expect(await fleetRow(there, edge.name)).toBeUndefined();
  await expect(told(there, `${domain}_read`, { node: edge.name })).rejects.toThrow("There is no tool");
  await expect(told(there, `${domain}_read`, { home: "alpha" })).rejects.toThrow("There is no tool");
  expect(edge.log()).toStrictEqual([]);
  await Promise.all([here.close(), there.close()]);
});

/** Ids of a process and of all that it has started. */
function family(pid: number): number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ").filter(Boolean).map(Number);
  return [pid, ...children.flatMap((child) => family(child))];
}

/** Kills the Worker's processes, as a crash does. */
async function crash(): Promise<void> {
  const ended = new Promise((resolve) => gateway.process.once("exit", resolve));
  for (const pid of family(gateway.process.pid ?? 0)) process.kill(pid, "SIGKILL");
  await ended;
}

test("the Worker crashes during calls: nodes come back by themselves, work goes on, nothing is done twice", async () => {
  const before = await connected("alpha");
  const job = await new Promise<string>((resolve, reject) => {
    const call = before.callTool(
      { name: `${domain}_work`, arguments: { ms: 14_000, name: "job" } },
      {
        onprogress: () =>
          void until(() => expect(cloud.log()).toContain("begin work job")).then(() => resolve("begun")),
      },
    );
    call.then(({ structuredContent }) => resolve(JSON.stringify(structuredContent)), reject);
  });
  expect(job).toBe("begun");
  const lost = ["read", "write"].map(async (verb) =>
    told(before, `${domain}_${verb}`, { ms: 20_000, name: "lost", node: edge.name }).then(
      () => "answered",
      () => "broken off",
    ),
  );
  await until(() => expect(edge.log().filter((line) => line.startsWith("begin"))).toHaveLength(2));
  await crash();
  expect(await Promise.all(lost)).toStrictEqual(["broken off", "broken off"]);
  await start();
  const after = await connected("alpha");
  // From here on, the only calls that fail are those for which no node is back yet.
  let last: Told;
  do last = await told(after, `${domain}_read`, { name: "after" });
  while (last.isError);
  for (const { name } of [edge, cloud]) {
    await until(async () => expect((await fleetRow(after, name))?.online).toBe(true));
  }
  const reads = await Promise.all(
    Array.from({ length: 12 }, async (_, each) => told(after, `${domain}_read`, { name: `a${each}` })),
  );
  expect(reads.filter(({ isError }) => isError)).toStrictEqual([]);
  await until(() => expect(cloud.log()).toContain("end work job"));
  // The hub has its answer, too.
  await until(async () => expect((await fleetRow(after, cloud.name))?.["in_flight"]).toBe(0));
  const all = [...edge.log(), ...cloud.log()];
  expect(all.filter((line) => line === "begin work job")).toHaveLength(1);
  expect(all.filter((line) => line === "begin write lost")).toHaveLength(1);
  await after.close();
});
