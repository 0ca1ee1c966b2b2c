import { randomUUID } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Client } from "@modelcontextprotocol/client";
import { vi } from "vitest";
import { z } from "zod";
import { type Page, Person } from "../../scripts/support/person.ts";
import { ACCOUNTS } from "./accounts.ts";
import { filledIn, press } from "./forms.ts";
import { NODE_SCRIPT, type NodeProcess, type TestNode, testNode } from "./nodes.ts";

/** Real processes of nodes at a home of the running Worker, and the person who lets them in. */

/** How long a process may take to start on a busy machine. */
const PATIENT = { timeout: 40_000, interval: 50 };

/** Waits until something holds; unlike `expect.poll`, also in tests that run beside others. */
export const until = (check: () => void | Promise<void>) => vi.waitFor(check, PATIENT);

export const someName = (prefix: string) => `${prefix}-${randomUUID().slice(0, 8)}`;

/** A domain that only one test uses. */
export const someDomain = () => `p${randomUUID().slice(0, 7)}`;

/** Somebody who has signed in, on the page of nodes. */
export class Owner {
  readonly person: Person;
  readonly #page: URL;

  constructor(gateway: string, person = new Person(ACCOUNTS.admin)) {
    this.person = person;
    this.#page = new URL("/nodes", gateway);
  }

  async signIn(): Promise<this> {
    await this.person.signIn(await this.page());
    return this;
  }

  page(): Promise<Page> {
    return this.person.go(this.#page);
  }

  /** Presses a button on the page as it is now. */
  async press(button: string, changes: Readonly<Record<string, string>> = {}): Promise<Page> {
    return press(this.person, await this.page(), button, changes);
  }

  /** @param grants "file.search viewer reads", one a line */
  async enrolmentToken(grants: readonly string[]): Promise<string> {
    const { html } = await this.press("Make a token", { grants: grants.join("\n") });
    const [, token] = /--enrolment ([\w-]+)/.exec(html) ?? [];
    if (token === undefined) throw new Error(`no token: ${html}`);
    return token;
  }

  /** Switches a capability on, with a role. */
  async switchOn(node: string, capability: string, role: string, use = "reads"): Promise<Page> {
    const before = await this.page();
    const button = `Save the switches of ${node}`;
    const [key = ""] =
      [...filledIn(before, button)].find(([field, value]) => field.startsWith("name.") && value === capability) ?? [];
    const index = key.slice("name.".length);
    return press(this.person, before, button, { [`role.${index}`]: role, [`use.${index}`]: use });
  }
}

export interface LiveWish {
  readonly name?: string;
  readonly home?: string;
  readonly site?: "edge" | "cloud";
  readonly config: Readonly<Record<string, unknown>>;
  /** Further variables of its process. */
  readonly env?: Readonly<Record<string, string>>;
  /** Capabilities that are on at once; the node waits for all of them. */
  readonly grants: readonly string[];
}

/** A node that was let in, and its process. */
export interface LiveNode {
  readonly name: string;
  readonly node: TestNode;
  running: NodeProcess;
  /** Sends its process a signal. */
  readonly signal: (signal: NodeJS.Signals) => void;
  /** Lines of the file `log` in its folder, which plug-ins for tests write. */
  readonly log: () => string[];
}

const linesOf = (file: string) => (existsSync(file) ? readFileSync(file, "utf8").trimEnd().split("\n") : []);

/** Where a node's plug-ins for tests write. */
export const logOf = (folder: string, name: string) => join(folder, name, "log");

/** Arguments with which a node joins. */
export const joinArgs = (gateway: string, home: string, { name, node }: { name: string; node: TestNode }) => [
  "join",
  gateway,
  "--home",
  home,
  "--name",
  name,
  "--config",
  node.config,
];

/** Starts a node that has an enrolment token, and waits until all that it may do is switched on. */
export async function liveNode(gateway: string, folder: string, owner: Owner, wish: LiveWish): Promise<LiveNode> {
  const { name = someName("n"), home = "home", site = "edge", config, grants, env = {} } = wish;
  const token = await owner.enrolmentToken(grants);
  const node = testNode(join(folder, name), config, NODE_SCRIPT, env);
  const args = [...joinArgs(gateway, home, { name, node }), "--site", site, "--enrolment", token];
  const live: LiveNode = {
    name,
    node,
    running: node.start(...args),
    signal: (signal) => void live.running.child.kill(signal),
    log: () => linesOf(logOf(folder, name)),
  };
  for (const grant of grants) {
    await until(() => {
      const said = live.running.printed();
      if (!said.includes(`${grant.split(" ")[0]}: switched on.`)) throw new Error(`not on yet: ${said}`);
    });
  }
  return live;
}

/** The configuration of a node with the probe plug-in. */
export const probeConfig = (folder: string, name: string, domain: string, more: object = {}) => ({
  capacity: 64,
  plugins: { probe: { domain, at: name, log: logOf(folder, name), ...more } },
});

const Value = z.looseObject({
  result: z.record(z.string(), z.unknown()).optional(),
  error: z.string().optional(),
  operation_id: z.string().optional(),
  phase: z.string().optional(),
});

export interface Told {
  readonly isError: boolean;
  readonly value: z.output<typeof Value>;
  readonly meta: Record<string, unknown>;
  /** All that was said, for what is looked for in it. */
  readonly text: string;
}

/** Calls a tool as an AI client does. */
export async function told(
  client: Pick<Client, "callTool">,
  name: string,
  args: Record<string, unknown> = {},
): Promise<Told> {
  const result = await client.callTool({ name, arguments: args });
  const { _meta: meta = {} } = result;
  return {
    isError: result.isError === true,
    value: Value.parse(result.structuredContent ?? {}),
    meta: z.record(z.string(), z.unknown()).parse(meta),
    text: JSON.stringify(result),
  };
}

/** Names of the tools that there are now, whatever the client remembers. */
export async function toolNames(client: Pick<Client, "listTools">): Promise<string[]> {
  return (await client.listTools(undefined, { cacheMode: "refresh" })).tools.map(({ name }) => name);
}

const Fleet = z.looseObject({ nodes: z.array(z.looseObject({ name: z.string(), online: z.boolean() })) });

/** What list_fleet says of a node; `undefined` if it knows none of that name. */
export async function fleetRow(client: Pick<Client, "callTool">, name: string) {
  const result = await client.callTool({ name: "list_fleet", arguments: { limit: 50 } });
  return Fleet.parse(result.structuredContent).nodes.find((each) => each.name === name);
}
