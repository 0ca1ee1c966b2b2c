import { execFile } from "node:child_process";
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { readJoined } from "../../src/node/joined.ts";
import { type TestNode, testNode } from "../support/nodes.ts";
import { bundled, ran, temporaryFolder } from "../support/pimcp.ts";
import { type StandInHub, standInHub } from "../support/stand-in-hub.ts";

/** The bundled command, as it is installed. */

const PATIENT = { timeout: 30_000, interval: 20 };
const folder = temporaryFolder();
let cli = "";
let hub: StandInHub;
let node: TestNode;
let count = 0;

beforeAll(async () => {
  cli = await bundled(folder.path);
});
beforeEach(async () => {
  hub = await standInHub();
  count += 1;
  node = testNode(join(folder.path, `node ${count}`), {}, cli);
  return async () => {
    await node.stop();
    await hub.close();
  };
});
afterAll(() => folder.remove());

const link = () => join(node.folder, "state/node/link.json");
const joinArgs = (...more: string[]) => ["join", hub.url, "--home", "home", "--name", "kitchen", "--no-wait", ...more];

describe("help", () => {
  test.each([[], ["--help"], ["-h"]])("pimcp node %s tells of all commands", async (...args) => {
    const { code, stdout } = await node.run(...args);
    expect(code).toBe(0);
    for (const name of ["join", "run", "status", "leave", "install-service", "example-config"]) {
      expect(stdout).toContain(name);
      const help = await node.run(name, "--help");
      expect(help).toMatchObject({ code: 0, stderr: "" });
      expect(help.stdout).toContain(`pimcp node ${name}`);
      expect(help.stdout).toContain("--state");
    }
  });

  test("the command without node is what it was", async () => {
    expect(await ran([cli, "--help"], {})).toMatchObject({
      code: 0,
      stdout: expect.stringContaining("pimcp node --help"),
    });
    expect(await ran([cli, "nodes"], {})).toMatchObject({ code: 1 });
  });

  test("an old Node is told so, whatever the command", async () => {
    const old = join(folder.path, "old.mjs");
    writeFileSync(
      old,
      `Object.defineProperty(process.versions, "node", { value: "20.11.0" });\nawait import(${JSON.stringify(cli)});\n`,
    );
    const { code, stderr } = await ran([old, "node", "run"], {});
    expect(code).toBe(1);
    expect(stderr).toBe("pimcp needs Node 22.18 or newer, and this is 20.11.0. Install a newer Node.\n");
  });
});

describe("what was not understood", () => {
  test.each([
    [["jion"], 'has no command "jion"'],
    [["join"], "The gateway's address is missing"],
    [["join", "https://pimcp.example.com"], "--home is missing"],
    [["join", "https://pimcp.example.com", "--home", "home", "--site", "moon"], "--site is edge"],
    [["join", "https://pimcp.example.com", "--home", "home", "--name", "Kitchen Pi"], "--name must be"],
    [["join", "https://pimcp.example.com", "--home", "home", "--cert", "x"], "--cert and --key go together"],
    [["run", "now"], '"now" is one argument too many'],
    [["run", "--fast"], "Unknown option '--fast'. See pimcp node run --help."],
    [["install-service", "--user", "a b"], "no name of a user"],
  ])("%j ends with 2", async (args, words) => {
    if (args[0] === "install-service") await node.run(...joinArgs());
    const { code, stderr } = await node.run(...args);
    expect(stderr).toContain(words);
    expect(stderr).toContain("--help");
    expect(code).toBe(2);
  });

  test.each([
    [["join", "http://pimcp.example.com", "--home", "home"], "plain http"],
    [["join", "http://127.0.0.1:9", "--home", "home"], "was not reached"],
    [["run"], "Join a home first"],
    [["install-service", "--print"], "Join a home first"],
    [["status"], "is no node yet"],
  ])("%j ends with 1 and says what to do", async (args, words) => {
    const { code, stderr, stdout } = await node.run(...args);
    expect(stderr + stdout).toContain(words);
    expect(code).toBe(1);
    expect(existsSync(link())).toBe(false);
  });

  test("https where the gateway speaks http: it says so, in one line", async () => {
    const { code, stderr } = await node.run("join", hub.url.replace("http:", "https:"), "--home", "home");
    expect(stderr).toContain("does not speak https there. Check the address and its port.\n");
    expect(stderr).not.toContain("SSL");
    expect(code).toBe(1);
  });

  test("a refusal of the gateway is told in its words", async () => {
    hub.refuse = { status: 404, body: { type: "not_found", message: "There is no home “x”.", suggestions: ["Look."] } };
    const { code, stderr } = await node.run(...joinArgs());
    expect(stderr).toContain("did not take this node: There is no home “x”. Look.");
    expect(code).toBe(1);
  });

  test("mistakes in the configuration are named, and nobody is asked", async () => {
    node.configure({ capacity: 1000 });
    const { code, stderr } = await node.run(...joinArgs("--config", node.config));
    expect(stderr).toContain("capacity: ");
    expect(code).toBe(1);
    expect(hub.joined.size).toBe(0);
  });
});

describe("join", () => {
  test("keeps a key that is its owner's alone, and writes a configuration to begin with", async () => {
    const { code, stderr, stdout } = await node.run(...joinArgs());
    expect(stderr).toContain("K7QX-4MPD");
    expect(stderr).toContain(join(node.folder, "pimcp/node.json"));
    expect({ code, stdout }).toStrictEqual({ code: 0, stdout: "" });
    expect(statSync(link()).mode & 0o777).toBe(0o600);
    expect(statSync(join(node.folder, "state/node")).mode & 0o777).toBe(0o700);
    const key = readJoined(join(node.folder, "state/node"))?.key;
    expect(key).toMatchObject({ kty: "OKP", crv: "Ed25519" });
    expect(JSON.stringify([...hub.joined.values()])).not.toContain(key?.d);
    expect(readFileSync(join(node.folder, "pimcp/node.json"), "utf8")).toBe((await node.run("example-config")).stdout);
  });

  test("again asks with the same key; for another home it refuses", async () => {
    await node.run(...joinArgs());
    expect(await node.run(...joinArgs())).toMatchObject({ code: 0 });
    expect(hub.joined.size).toBe(1);
    const other = await node.run("join", hub.url, "--home", "cottage", "--no-wait");
    expect(other).toMatchObject({ code: 1, stderr: expect.stringContaining("already is kitchen of home") });
  });

  test("in a folder that was named: what to type next names it, too", async () => {
    const state = join(node.folder, "second");
    const { stderr } = await node.run(...joinArgs("--state", state));
    expect(stderr).toContain(`\`pimcp node run --state ${state}\``);
    expect((await node.run("status", "--state", state)).stdout).toContain(`\`pimcp node run --state ${state}\``);
    const other = await node.run("join", hub.url, "--home", "cottage", "--state", state);
    expect(other.stderr).toContain(`\`pimcp node leave --state ${state}\``);
  });

  test("with an enrolment token it is adopted at once", async () => {
    const { stderr } = await node.run(...joinArgs("--enrolment", "e-token"));
    expect(stderr).toContain("adopted as kitchen");
    expect([...hub.joined.values()][0]).toMatchObject({ enrolment: "e-token", site: "edge", name: "kitchen" });
  });
});

describe("a node that runs", () => {
  test("tells how it is, is there once, does not leave, and stops when it is told to", async () => {
    hub.state = "adopted";
    await node.run(...joinArgs());
    expect(await node.run("status")).toMatchObject({ code: 1, stdout: expect.stringContaining("does not run") });
    const running = node.start("run");
    await expect.poll(() => hub.hellos.length, PATIENT).toBe(1);
    await expect.poll(async () => (await node.run("status")).stdout, PATIENT).toContain("Connected since");
    const { stdout } = await node.run("status");
    expect(stdout).toContain("kitchen, a node of home");
    expect(stdout).toContain("It offers nothing yet");
    expect(JSON.parse((await node.run("status", "--json")).stdout)).toMatchObject({
      home: "home",
      calls: 0,
      problems: [],
    });
    expect(await node.run("run")).toMatchObject({ code: 1, stderr: expect.stringContaining("already runs") });
    expect(await node.run("leave")).toMatchObject({ code: 1, stderr: expect.stringContaining("Stop it first") });
    running.child.kill("SIGTERM");
    expect(await running.code).toBe(0);
    await expect.poll(() => hub.sockets.size, PATIENT).toBe(0);
    expect(await node.run("leave")).toMatchObject({ code: 0, stderr: expect.stringContaining("has left home") });
    expect(existsSync(link())).toBe(false);
    expect(await node.run("leave")).toMatchObject({ code: 0, stderr: "There is no node to forget.\n" });
  });

  test("starts again after it was killed", async () => {
    await node.run(...joinArgs());
    const first = node.start("run");
    await expect.poll(() => hub.hellos.length, PATIENT).toBe(1);
    first.child.kill("SIGKILL");
    await first.code;
    node.start("run");
    await expect.poll(() => hub.hellos.length, PATIENT).toBe(2);
  });
});

describe("install-service", () => {
  test("prints a unit that systemd takes, for the paths of this computer", async () => {
    await node.run(...joinArgs());
    const { code, stdout } = await node.run("install-service", "--print", "--user", "root");
    expect(code).toBe(0);
    expect(stdout).toContain(`"${cli}" "node" "run" "--state" "${join(node.folder, "state/node")}"`);
    expect(stdout).toContain("ProtectSystem=strict");
    expect(stdout).toContain("Restart=always");
    if (!existsSync("/usr/bin/systemd-analyze")) return;
    const unit = join(folder.path, "pimcp-node.service");
    writeFileSync(unit, stdout);
    const { stdout: said, stderr } = await promisify(execFile)("systemd-analyze", ["verify", unit]);
    expect(said + stderr).toBe("");
    const broken = join(folder.path, "broken.service");
    writeFileSync(broken, stdout.replace("ProtectSystem=strict", "ProtectSystem=no way"));
    const about = await promisify(execFile)("systemd-analyze", ["verify", broken]).catch((error: unknown) => error);
    expect(about).toMatchObject({ stderr: expect.stringContaining("protect system") });
  });
});
