import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, beforeEach, describe, expect, inject, test } from "vitest";
import { views } from "../../src/apps/index.ts";
import { type ServedDemoHome, serveDemoHome } from "../../src/demo/serve.ts";
import { tools as catalogue } from "../../src/tools/index.ts";
import { privateAuthority } from "../support/certificates.ts";
import { ACCOUNTS, connectV2 } from "../support/clients.ts";
import { type Front, standBefore } from "../support/front.ts";
import { bundled, ran, startV1, startV2, temporaryFolder, type Variables } from "../support/pimcp.ts";

/** The real command, started by real MCP clients, in front of a demo home that listens. */

const folder = temporaryFolder();
const LED = { gpio_id: 15 } as const;
const LED_LEVEL = "2:18";
/** A busy computer takes its time. */
const PATIENT_MS = 30_000;

let cli = "";
let home: ServedDemoHome;
let front: Front;
let states = 0;
let env: Variables = {};
const started: { client: { close(): Promise<void> } }[] = [];

beforeAll(async () => {
  cli = await bundled(folder.path);
});
beforeEach(async () => {
  home = await serveDemoHome({ port: 0, dialect: "documented", limits: false });
  front = await standBefore(home.url);
  states += 1;
  env = envOf("operator");
  return async () => {
    await Promise.all(started.splice(0).map(({ client }) => client.close()));
    await front.close();
    await home.close();
  };
});
afterAll(() => folder.remove());

const state = () => join(folder.path, `state-${states}`);

function envOf(role: "viewer" | "operator" | "admin", more: Variables = {}): Variables {
  const { username, password } = ACCOUNTS[role];
  return {
    PI_CONTROLLER_URL: front.url,
    PI_CONTROLLER_USERNAME: username,
    PI_CONTROLLER_PASSWORD: password,
    PIMCP_STATE: state(),
    PIMCP_LEVEL: role,
    ...more,
  };
}

async function v2(more: Variables = {}) {
  const pimcp = await startV2(cli, { ...env, ...more });
  started.push(pimcp);
  return pimcp;
}

async function v1(more: Variables = {}) {
  const pimcp = await startV1(cli, { ...env, ...more });
  started.push(pimcp);
  return pimcp;
}

const HOLD = { ...LED, client_id: "pump", on_expire: { value: 0 } };
const level = () => home.world.levels[LED_LEVEL];

/** The lines of an older client that calls these tools, one after another. */
function conversation(...calls: readonly [string, Record<string, unknown>][]): string[] {
  const clientInfo = { name: "raw", version: "1" };
  const messages = [
    { id: 0, method: "initialize", params: { protocolVersion: "2025-11-25", capabilities: {}, clientInfo } },
    { method: "notifications/initialized" },
    ...calls.map(([name, args], index) => ({
      id: index + 1,
      method: "tools/call",
      params: { name, arguments: args },
    })),
  ];
  return messages.map((each) => JSON.stringify({ jsonrpc: "2.0", ...each }));
}

const CATALOGUE = new Set(catalogue.map(({ name }) => name));

describe("the catalogue", () => {
  test.each(["viewer", "operator", "admin"] as const)("is what the gateway offers to the role %s", async (role) => {
    const { client } = await connectV2(inject("gateway"), ACCOUNTS[role]);
    env = envOf(role);
    const pimcp = await v2();
    const { tools } = await pimcp.client.listTools();
    // The gateway's home may have nodes of other tests, and pimcp in a terminal has none.
    const offered = (await client.listTools()).tools.filter(({ name }) => CATALOGUE.has(name));
    expect(tools).toStrictEqual(offered);
    expect(await pimcp.client.listPrompts()).toMatchObject({ prompts: (await client.listPrompts()).prompts });
    expect(await pimcp.client.listResourceTemplates()).toMatchObject({
      resourceTemplates: (await client.listResourceTemplates()).resourceTemplates,
    });
    for (const { uri, html } of views) {
      expect((await pimcp.client.readResource({ uri })).contents).toMatchObject([{ uri, text: html }]);
    }
    const both = (await (await v1()).client.listTools()).tools;
    expect(both.map(({ name }) => name)).toStrictEqual(tools.map(({ name }) => name));
    await client.close();
  });

  test("is never more than the level, whatever the account is", async () => {
    env = envOf("admin");
    const { client, call } = await v2({ PIMCP_LEVEL: "" });
    const names = (await client.listTools()).tools.map(({ name }) => name);
    expect(names).toContain("write_gpio_pin");
    expect(names).not.toContain("deprovision_node");
    expect(await call("deprovision_node", { node_id: 10 })).toMatchObject({ type: "forbidden" });
  });

  test("is never more than the account, whatever the level is", async () => {
    env = envOf("viewer", { PIMCP_LEVEL: "admin" });
    const { client, call } = await v2();
    expect((await client.listTools()).tools.map(({ name }) => name)).not.toContain("write_gpio_pin");
    expect(await call("write_gpio_pin", { ...LED, value: 1 })).toMatchObject({ type: "forbidden" });
  });

  test("shrinks with the account: a role is asked for anew before each change", async () => {
    const { call } = await v2();
    const user = home.world.users.find(({ username }) => username === "operator");
    if (user !== undefined) user.role = "viewer";
    expect(await call("write_gpio_pin", { ...LED, value: 1 })).toMatchObject({ type: "forbidden" });
    expect(level()).not.toBe(1);
  });
});

describe.each([
  ["2026-07-28", v2],
  ["2025-11-25", v1],
] as const)("the main job, by a client of %s", (_version, start) => {
  test("clusters, node, LED, and read back", async () => {
    const { client, call } = await start();
    expect(await call("list_clusters")).toMatchObject({ home: "home", isError: false });
    expect(JSON.stringify(await call("discover_nodes", { cluster_id: 1 }))).toContain("pi-worker-1");
    expect(JSON.stringify(await call("list_gpio_devices", { node_id: 2 }))).toContain('"pin_number":18');
    expect(await call("write_gpio_pin", { ...LED, value: 1 })).toMatchObject({ value: 1 });
    expect(await call("read_gpio_pin", LED)).toMatchObject({ value: 1 });
    expect(level()).toBe(1);
    const { contents } = await client.readResource({ uri: "cluster://1/status" });
    expect(JSON.stringify(contents)).toContain("homelab");
    // A newer client starts a process of its own to see who is there.
    expect(front.count("POST /api/v1/auth/login")).toBeLessThanOrEqual(2);
  });
});

describe("a reservation", () => {
  test("ends by itself: its safe level is driven when its time is over", async () => {
    const { call } = await v2();
    const { expires_at } = await call("reserve_gpio_pin", { ...HOLD, duration_seconds: 1 });
    await call("write_gpio_pin", { ...LED, value: 1, client_id: "pump" });
    expect(level()).toBe(1);
    await expect.poll(level, { interval: 20, timeout: PATIENT_MS }).toBe(0);
    expect(Date.now()).toBeGreaterThanOrEqual(Date.parse(String(expires_at)));
    await expect.poll(() => call("list_reservations"), { timeout: PATIENT_MS }).toMatchObject({ reservations: [] });
  });

  test("is still its holder's after the process was killed and started again", async () => {
    const first = await v2();
    await first.call("reserve_gpio_pin", { ...HOLD, duration_seconds: 600 });
    process.kill(first.pid, "SIGKILL");
    const second = await v2();
    await expect
      .poll(() => second.call("list_reservations"), { timeout: PATIENT_MS })
      .toMatchObject({ reservations: [{ gpio_id: 15, state: "held", mine: true }] });
    expect(await second.call("write_gpio_pin", { ...LED, value: 1 })).toMatchObject({ type: "conflict" });
    expect(await second.call("release_gpio_pin", { ...LED, client_id: "pump" })).toMatchObject({ isError: false });
  });

  test("that became overdue while no process ran is made safe at once, before anybody asks", async () => {
    const first = await v2();
    await first.call("reserve_gpio_pin", { ...HOLD, duration_seconds: 1 });
    await first.call("write_gpio_pin", { ...LED, value: 1, client_id: "pump" });
    process.kill(first.pid, "SIGKILL");
    await new Promise((resolve) => setTimeout(resolve, 1100));
    expect(level()).toBe(1);
    await v2();
    await expect.poll(level, { timeout: PATIENT_MS }).toBe(0);
  });

  test("is made safe when the client ends in good order, for nobody would be there later", async () => {
    const first = await v2();
    await first.call("reserve_gpio_pin", { ...HOLD, duration_seconds: 600 });
    await first.call("write_gpio_pin", { ...LED, value: 1, client_id: "pump" });
    await first.client.close();
    await expect.poll(level, { timeout: PATIENT_MS }).toBe(0);
    const second = await v2();
    expect(await second.call("list_reservations")).toMatchObject({ reservations: [] });
  });

  test("is made safe when the client is killed", async () => {
    home.world.levels[LED_LEVEL] = 1;
    const lines = conversation(["reserve_gpio_pin", { ...HOLD, duration_seconds: 600 }]);
    const { code } = await ran([cli], env, { lines, answers: 2, broken: true });
    expect(code).toBe(0);
    expect(level()).toBe(0);
  });

  test("is tried again until the home takes it", async () => {
    const { call } = await v2();
    await call("reserve_gpio_pin", { ...HOLD, duration_seconds: 1 });
    await call("write_gpio_pin", { ...LED, value: 1, client_id: "pump" });
    front.down = true;
    await expect
      .poll(() => call("list_reservations").then((value) => JSON.stringify(value)), { timeout: PATIENT_MS })
      .toContain("Cannot connect");
    front.down = false;
    await expect.poll(level, { timeout: PATIENT_MS }).toBe(0);
  });
});

describe("two processes of one home", () => {
  test("one drives pins, the other only reads and says who does, until it takes over", async () => {
    const first = await v2();
    await first.call("reserve_gpio_pin", { ...HOLD, duration_seconds: 600 });
    const second = await v2();
    expect(await second.call("list_clusters")).toMatchObject({ isError: false });
    expect(await second.call("list_reservations")).toMatchObject({ reservations: [{ gpio_id: 15, state: "held" }] });
    for (const [tool, args] of [
      ["write_gpio_pin", { ...LED, value: 1 }],
      ["reserve_gpio_pin", HOLD],
      ["release_gpio_pin", { ...LED, client_id: "pump" }],
    ] as const) {
      const refused = await second.call(tool, args);
      expect(refused).toMatchObject({ type: "conflict" });
      expect(refused["message"]).toContain(`process ${first.pid} already acts`);
    }
    expect(level()).not.toBe(1);
    process.kill(first.pid, "SIGKILL");
    await expect
      .poll(() => second.call("write_gpio_pin", { ...LED, value: 1, client_id: "pump" }), { timeout: PATIENT_MS })
      .toMatchObject({ value: 1 });
  });
});

const provisionings = () => front.count("POST /api/v1/clusters/4/provision");

describe("provisioning", () => {
  test("that was cut off is never sent again, and its outcome is looked for", async () => {
    env = envOf("admin");
    const first = await v2();
    await first.call("create_cluster", { name: "fresh" });
    const provisioning = first.call("provision_cluster", {
      cluster_id: 4,
      master_node_id: 11,
      ssh_config: { username: "pi", password: "ssh-canary" },
    });
    provisioning.catch(() => undefined);
    await expect.poll(provisionings, { timeout: PATIENT_MS }).toBe(1);
    const [stateFile = ""] = readdirSync(state()).filter((name) => name.endsWith(".sqlite"));
    expect(readFileSync(join(state(), stateFile), "latin1")).not.toMatch(/ssh-canary|admin-demo/);
    const operations = /operation:home:([0-9a-f-]{36})/.exec(readFileSync(join(state(), stateFile), "latin1"));
    process.kill(first.pid, "SIGKILL");
    const second = await v2();
    const found = await second.call("get_operation", { operation_id: operations?.[1] });
    expect(found).toMatchObject({ isError: false, kind: "provision_cluster" });
    expect(JSON.stringify(found)).toMatch(/not repeated/);
    expect(provisionings()).toBe(1);
  });
});

describe("a new private key", () => {
  test("is in a file of the person alone, and not in the answer", async () => {
    env = envOf("admin");
    const { call } = await v2();
    await call("initialize_ca", { organization: "Home", country: "DE" });
    const issued = await call("issue_certificate", { common_name: "node-1.local", certificate_type: "node" });
    expect(JSON.stringify(issued)).not.toContain("PRIVATE KEY");
    const path = fileURLToPath(String(issued["private_key_url"]));
    expect(readFileSync(path, "utf8")).toContain("PRIVATE KEY");
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });
});

describe("what is kept", () => {
  test("is its owner's alone", async () => {
    await v2();
    expect(statSync(state()).mode & 0o777).toBe(0o700);
    const modes = readdirSync(state(), { withFileTypes: true }).filter((each) => each.isFile());
    expect(modes.length).toBeGreaterThan(0);
    for (const { name } of modes) expect(statSync(join(state(), name)).mode & 0o777, name).toBe(0o600);
  });
});

describe("what cannot be undone", () => {
  const GONE = { gpio_id: 14 };

  test("is asked about first", async () => {
    env = envOf("admin");
    const { call } = await v1();
    const asked = await call("delete_gpio_device", GONE);
    expect(asked).toMatchObject({ type: "conflict", confirm_token: expect.any(String) });
    const agreed = await call("delete_gpio_device", { ...GONE, confirm_token: asked["confirm_token"] });
    expect(agreed).toMatchObject({ isError: false });
  });

  test("is done at once if the settings say so", async () => {
    env = envOf("admin", { CONFIRM: "never" });
    const { call } = await v2();
    expect(await call("delete_gpio_device", GONE)).toMatchObject({ isError: false });
  });
});

function file(name: string, text: string): string {
  const path = join(folder.path, name);
  writeFileSync(path, text);
  return path;
}

describe("TLS", () => {
  const authority = privateAuthority();
  const other = privateAuthority("Another authority");

  async function withTls<Value>(during: (tls: Front) => Promise<Value>): Promise<Value> {
    const tls = await standBefore(home.url, authority.server);
    try {
      return await during(tls);
    } finally {
      await tls.close();
    }
  }

  test("a private authority is believed if it is set", async () => {
    await withTls(async ({ url }) => {
      const { call } = await v2({
        PI_CONTROLLER_URL: url,
        PI_CONTROLLER_TLS_CA_CERT: file("ca.pem", authority.ca),
      });
      expect(await call("list_clusters")).toMatchObject({ isError: false });
    });
  });

  test("verification can be turned off, which is warned of", async () => {
    await withTls(async ({ url }) => {
      const { call, printed } = await v2({ PI_CONTROLLER_URL: url, PI_CONTROLLER_TLS_VERIFY: "false" });
      expect(await call("list_clusters")).toMatchObject({ isError: false });
      expect(printed()).toContain("tls_not_verified");
    });
  });

  test.each([
    ["no authority", () => ({})],
    ["another authority", () => ({ PI_CONTROLLER_TLS_CA_CERT: file("other.pem", other.ca) })],
  ])("with %s nothing is sent, and one sentence says why", async (_name, more) => {
    await withTls(async (tls) => {
      const { code, stderr, stdout } = await ran([cli], { ...env, PI_CONTROLLER_URL: tls.url, ...more() });
      expect({ code, stdout }).toStrictEqual({ code: 1, stdout: "" });
      expect(stderr).toContain("The certificate of 127.0.0.1");
      expect(stderr.trim().split("\n")).toHaveLength(1);
      expect(tls.asked).toStrictEqual([]);
    });
  });
});

describe("what is wrong", () => {
  test("a wrong password is sent once, however often the client starts it", async () => {
    for (let times = 0; times < 3; times += 1) {
      const { code, stderr, stdout } = await ran([cli], { ...env, PI_CONTROLLER_PASSWORD: "wrong" });
      expect({ code, stdout }).toStrictEqual({ code: 1, stdout: "" });
      expect(stderr).toContain("does not accept this user name and password");
      expect(stderr).toContain("PI_CONTROLLER_PASSWORD");
      expect(stderr.trim().split("\n")).toHaveLength(1);
    }
    expect(front.count("POST /api/v1/auth/login")).toBe(1);
    const { call } = await v2();
    expect(await call("list_clusters")).toMatchObject({ isError: false });
  });

  test("a home that cannot be reached is one sentence, unless it is known", async () => {
    front.down = true;
    const { code, stderr } = await ran([cli], env);
    expect(code).toBe(1);
    expect(stderr).toContain(`Cannot connect to the pi-controller of home "Home" at ${front.url}`);
    expect(stderr.trim().split("\n")).toHaveLength(1);
  });

  test("a home that was reached before may come later", async () => {
    const first = await v2();
    await first.client.close();
    front.down = true;
    const { call, client } = await v2();
    expect((await client.listTools()).tools.length).toBeGreaterThan(10);
    expect(await call("list_clusters")).toMatchObject({ type: expect.stringMatching(/connection_failed|timeout/) });
  });

  test.each<[readonly string[], Variables, RegExp]>([
    [[], { PI_CONTROLLER_URL: "" }, /^PI_CONTROLLER_URL is not set.*\n$/],
    [[], { PIMCP_STATE: "/dev/null/pimcp" }, /^PIMCP_STATE: reservations cannot be kept.*\n$/],
    [["serve"], {}, /^pimcp has no option "serve".*\n$/],
  ])("%j %j is one sentence", async (args, more, sentence) => {
    const { code, stdout, stderr } = await ran([cli, ...args], { ...env, ...more });
    expect({ code, stdout }).toStrictEqual({ code: 1, stdout: "" });
    expect(stderr).toMatch(sentence);
  });

  test("a Node that is too old", async () => {
    const old = `data:text/javascript,Object.defineProperty(process.versions, "node", { value: "20.20.2" })`;
    const { code, stdout, stderr } = await ran(["--import", old, cli], env);
    expect({ code, stdout }).toStrictEqual({ code: 1, stdout: "" });
    expect(stderr).toBe("pimcp needs Node 22.18 or newer, and this is 20.20.2. Install a newer Node.\n");
  });
});

describe("the command", () => {
  test("tells its version and its variables", async () => {
    expect(await ran([cli, "--version"], {})).toMatchObject({ code: 0, stdout: "0.1.0\n" });
    const { code, stdout } = await ran([cli, "--help"], {});
    expect(code).toBe(0);
    expect(stdout).toContain("PI_CONTROLLER_URL");
  });

  test("writes nothing but the protocol to standard output, and ends with its input", async () => {
    const lines = [
      ...conversation(["write_gpio_pin", { ...LED, value: 1 }]),
      JSON.stringify({ jsonrpc: "2.0", id: 9, method: "no/such/method" }),
      "this is not JSON",
    ];
    const raw = await ran([cli], env, { lines, answers: 3 });
    expect(raw.stdout.trim().split("\n").length).toBeGreaterThanOrEqual(3);
    for (const line of raw.stdout.trim().split("\n")) expect(JSON.parse(line)).toMatchObject({ jsonrpc: "2.0" });
    for (const line of raw.stderr.trim().split("\n")) expect(JSON.parse(line)).toHaveProperty("event");
    expect(raw.code).toBe(0);
    expect(existsSync(state())).toBe(true);
  });
});
