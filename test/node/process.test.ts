import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeEach, describe, expect, test, vi } from "vitest";
import { privateAuthority } from "../support/certificates.ts";
import { temporaryFolder } from "../support/pimcp.ts";
import { type TestNode, testNode } from "../support/nodes.ts";
import { type StandInHub, standInHub } from "../support/stand-in-hub.ts";

/** Real processes of nodes against a hub that speaks the frames. */

const PATIENT = { timeout: 20_000, interval: 20 };
const folder = temporaryFolder();
afterAll(() => folder.remove());

let hub: StandInHub;
let node: TestNode;
let count = 0;

beforeEach(async () => {
  hub = await standInHub();
  count += 1;
  node = testNode(join(folder.path, `node-${count}`), { plugins: { clock: {} } });
  return async () => {
    await node.stop();
    await hub.close();
  };
});

const file = (name: string) => join(node.folder, `${name}.pem`);

function breakLinks(): void {
  for (const socket of hub.sockets) socket.terminate();
}

const joinArgs = (...more: string[]) => [
  "join",
  hub.url,
  "--home",
  "home",
  "--name",
  "kitchen",
  "--config",
  node.config,
  ...more,
];

test("joins, shows its code, goes on when it is adopted, and answers a call", async () => {
  const joined = node.start(...joinArgs());
  await expect.poll(() => hub.hellos.length, PATIENT).toBe(1);
  expect(joined.printed()).toContain("Its code is K7QX-4MPD");
  expect(joined.printed()).toContain(`${hub.url}/fleet/home`);
  hub.state = "adopted";
  hub.tell();
  await expect.poll(joined.printed, PATIENT).toContain("adopted as kitchen");
  const { result } = await hub.call("clock.now", { name: "hub" });
  expect(result?.["structuredContent"]).toStrictEqual({ zone: "UTC", hello: "hub" });
});

async function adopted(...more: string[]) {
  hub.state = "adopted";
  const process = node.start(...joinArgs(...more));
  await expect.poll(() => hub.hellos.length, PATIENT).toBeGreaterThan(0);
  return process;
}

test("a result of a megabyte arrives whole, and one that is too long as a sentence", async () => {
  await adopted();
  const { result } = await hub.call("clock.big", { length: 900_000 });
  expect(result?.["structuredContent"]).toStrictEqual({ text: "ä😀".repeat(300_000) });
  const { result: long } = await hub.call("clock.big", { length: 6_000_000 });
  expect(long).toMatchObject({ isError: true, content: [{ text: expect.stringContaining("Ask for less") }] });
});

test("a plug-in's refusal, mistaken arguments and a bug are told apart", async () => {
  const { printed } = await adopted();
  expect(await hub.call("clock.refuse")).toMatchObject({
    error: { code: -32_052, message: "The clock is not to be set here. Ask its owner." },
  });
  expect(await hub.call("clock.now", { nme: "x" })).toMatchObject({
    error: { code: -32_602, message: expect.stringContaining("nme") },
  });
  expect(await hub.call("clock.gone")).toMatchObject({ error: { code: -32_051 } });
  const broken = await hub.call("clock.break");
  expect(broken).toMatchObject({ result: { isError: true } });
  expect(JSON.stringify(broken)).not.toContain("secret-of-the-clock");
  await expect.poll(printed, PATIENT).toContain("secret-of-the-clock");
});

test("one plug-in may use what another one offers", async () => {
  await adopted();
  const { result } = await hub.call("clock.other");
  expect(result?.["structuredContent"]).toStrictEqual({ said: { zone: "UTC", hello: "other" } });
});

test("a full node refuses at once", async () => {
  node.configure({ capacity: 2, plugins: { clock: {} } });
  await adopted();
  const waiting = [hub.call("clock.wait", { ms: 20_000 }), hub.call("clock.wait", { ms: 20_000 })];
  expect(await hub.call("clock.now")).toMatchObject({ error: { code: -32_050 } });
  for (const { id } of waiting) {
    hub.send({ jsonrpc: "2.0", method: "notifications/cancelled", params: { requestId: id } });
  }
  await expect.poll(() => hub.call("clock.now"), PATIENT).toMatchObject({ result: { structuredContent: {} } });
});

test("nobody is answered who does not wait any more", async () => {
  await adopted();
  const late = hub.call("clock.wait", { ms: 20_000 }, { "pimcp/deadline": 30 });
  const answered = vi.fn<() => void>();
  void late.then(answered);
  await hub.call("clock.wait", { ms: 200 });
  expect(await node.status()).toMatchObject({ calls: 0 });
  expect(answered).not.toHaveBeenCalled();
});

test("progress is told, the end of it always, and never too often", async () => {
  await adopted();
  const call = hub.call("clock.wait", { ms: 0 });
  await call;
  const told = hub.heard.filter((each) => "method" in each && each.method === "notifications/progress");
  expect(told.map((each) => ("params" in each ? each.params : {}))).toStrictEqual([
    { progressToken: call.id, progress: 1, total: 20, message: "step 1" },
    { progressToken: call.id, progress: 20, total: 20, message: "step 20" },
  ]);
});

describe("a gateway that asks for a client certificate", () => {
  const authority = privateAuthority();
  let asking: StandInHub;
  beforeEach(async () => {
    asking = await standInHub(authority);
    for (const [name, text] of Object.entries({ ca: authority.ca, ...authority.server })) {
      writeFileSync(join(node.folder, `${name}.pem`), text);
    }
    return () => asking.close();
  });
  const args = (...more: string[]) => ["join", asking.url, "--home", "home", "--ca", file("ca"), ...more];

  test("gets it, with the request to be let in and with each link", async () => {
    node.start(...args("--cert", file("cert"), "--key", file("key")));
    await expect.poll(() => asking.hellos.length, PATIENT).toBe(1);
  });

  test("lets in nobody without, or with one that cannot be read", async () => {
    const gone = await node.run(...args("--cert", file("gone"), "--key", file("key")));
    expect(gone).toMatchObject({ code: 1, stderr: expect.stringContaining("certificate for mTLS cannot be read") });
    const without = await node.run("join", asking.url, "--home", "home");
    expect(without).toMatchObject({ code: 1, stderr: expect.stringContaining("was not reached") });
    expect(asking.joined.size).toBe(0);
  });
});

describe("when the link breaks", () => {
  test("the node is back by itself, with a new proof", async () => {
    const { printed } = await adopted();
    breakLinks();
    await expect.poll(() => hub.hellos.length, PATIENT).toBe(2);
    expect(await hub.call("clock.now")).toMatchObject({ result: {} });
    expect(printed()).toMatch(/Trying again in \d s/);
  });

  test("what took long is answered over the next one, once", async () => {
    await adopted();
    const job = hub.call("clock.work", { ms: 1500 }, {}, "job-1");
    breakLinks();
    await expect.poll(() => hub.hellos.length, PATIENT).toBe(2);
    expect(hub.hellos[1]?.working).toStrictEqual(["job-1"]);
    expect(await job).toMatchObject({ result: { structuredContent: { worked: 1500 } } });
  });

  test("an answer that the hub may not have got is sent again, and one that it has is not", async () => {
    await adopted();
    hub.alive = false;
    await hub.call("clock.work", { ms: 0 }, {}, "job-1");
    breakLinks();
    hub.alive = true;
    await expect.poll(() => hub.hellos.length, PATIENT).toBe(2);
    const answers = () => hub.heard.filter((each) => each.id === "job-1").length;
    await expect.poll(answers, PATIENT).toBe(2);
    // The pong of the next ping shows that it has arrived.
    await expect.poll(() => hub.pings, PATIENT).toBeGreaterThanOrEqual(2);
    breakLinks();
    await expect.poll(() => hub.hellos.length, PATIENT).toBe(3);
    expect(hub.hellos[2]?.working).toStrictEqual([]);
    await hub.call("clock.now");
    expect(answers()).toBe(2);
  });

  test("light calls are stopped: nobody waits for them", async () => {
    await adopted();
    void hub.call("clock.wait", { ms: 30_000 });
    await expect.poll(async () => (await node.status()).calls, PATIENT).toBe(1);
    breakLinks();
    await expect.poll(async () => (await node.status()).calls, PATIENT).toBe(0);
  });

  test("a hub that does not answer pings is left within a lease", async () => {
    const { printed } = await adopted();
    hub.alive = false;
    await expect.poll(printed, { timeout: 20_000 }).toContain("does not answer any more");
    hub.alive = true;
    await expect.poll(() => hub.hellos.length, PATIENT).toBe(2);
  });
});

describe("a node ends for good", () => {
  test("when its owner ends it", async () => {
    const { code, printed } = await adopted();
    for (const socket of hub.sockets) socket.close(4003, "the owner has ended it");
    expect(await code).toBe(3);
    expect(printed()).toContain("The owner of the home has ended this node");
  });

  test.each([403, 404])("when its key is not taken any more, or not known: %i", async (status) => {
    const { code, printed } = await adopted();
    hub.refuse = { status, body: { type: "forbidden", message: `No ${status}.`, suggestions: ["Ask."] } };
    for (const socket of hub.sockets) socket.terminate();
    expect(await code).toBe(3);
    expect(printed()).toContain(`No ${status}. Ask.`);
  });

  test("when another process has its place", async () => {
    const { code, printed } = await adopted();
    for (const socket of hub.sockets) socket.close(4009);
    expect(await code).toBe(4);
    expect(printed()).toContain("Another process");
  });

  test("but not when something else has answered, or its clock is wrong", async () => {
    const { printed } = await adopted();
    hub.refuse = { status: 404, body: "<h1>nginx</h1>" };
    for (const socket of hub.sockets) socket.terminate();
    await expect.poll(printed, PATIENT).toContain("not as a PiMCP gateway does");
    hub.refuse = { status: 401, body: { type: "unauthorized", message: "Look at the clock." } };
    await expect.poll(printed, PATIENT).toContain("Look at the clock.");
    hub.refuse = undefined;
    await expect.poll(() => hub.hellos.length, PATIENT).toBe(2);
  });
});
