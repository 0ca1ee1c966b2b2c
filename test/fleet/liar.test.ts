import { afterAll, afterEach, beforeAll, expect, inject, test } from "vitest";
import { CHUNK_CHARS } from "../../src/federation/wire/limits.ts";
import { METHOD } from "../../src/federation/wire/frames.ts";
import { ACCOUNTS, connectV2 } from "../support/clients.ts";
import { offering } from "../support/federated-node.ts";
import {
  fleetRow,
  liveNode,
  type LiveNode,
  Owner,
  probeConfig,
  someDomain,
  someName,
  told,
  until,
} from "../support/live-fleet.ts";
import { temporaryFolder } from "../support/pimcp.ts";
import { rawNode, type RawNode, type RawWish } from "../support/raw-node.ts";

/** A node that misbehaves beside a process that does its work: contained, named, and nobody else is harmed. */

const gateway = inject("gateway");
const folder = temporaryFolder();
const domain = someDomain();
let owner: Owner;
let good: LiveNode;
let client: Awaited<ReturnType<typeof connectV2>>["client"];
let bad: RawNode | undefined;

beforeAll(async () => {
  owner = await new Owner(gateway).signIn();
  const name = someName("good");
  const config = probeConfig(folder.path, name, domain, { only: ["read", "write"] });
  const grants = [`${domain}.read viewer reads`, `${domain}.write viewer changes`];
  good = await liveNode(gateway, folder.path, owner, { name, config, grants });
  ({ client } = await connectV2(gateway, ACCOUNTS.viewer));
});
afterEach(() => bad?.drop());
afterAll(async () => {
  await client.close();
  await good.node.stop();
  folder.remove();
});

/** A node with a capability of its own, which does as it is told. */
async function liar(answer: RawWish["answer"] = () => undefined): Promise<{ node: RawNode; tool: string }> {
  const own = someDomain();
  const enrolment = await owner.enrolmentToken([`${own}.lie viewer reads`]);
  const name = someName("bad");
  const node = await rawNode({
    gateway,
    home: "home",
    name,
    capabilities: [offering(`${own}.lie`)],
    enrolment,
    answer,
  });
  bad = node;
  await node.connect();
  return { node, tool: `${own}_lie` };
}

const text = (words: string) => ({ result: { content: [{ type: "text", text: words }] } });
const troubleOf = async ({ name }: RawNode) => String((await fleetRow(client, name))?.["trouble"]);

/** All of the good node's tools, or those that only read. */
const ALL = ["read", "read", "write"] as const;
/**
 * For what is too much for this computer: before a change the home itself is asked, which has two seconds in these tests,
 * and that runs here in one process with the link that is flooded.
 */
const READS = ["read"] as const;

/** Calls the good node without a pause while something goes on. @returns how many there were */
async function besides(work: () => Promise<void>, verbs: readonly string[] = ALL): Promise<number> {
  const others = new AbortController();
  let count = 0;
  const callAll = async () => {
    while (!others.signal.aborted) {
      const tool = `${domain}_${verbs[count % verbs.length]}`;
      count += 1;
      const { isError, text: said } = await told(client, tool, { ms: 20, name: `b${count}` });
      if (isError) throw new Error(`the good node's call failed: ${said}`);
    }
  };
  const lanes = Promise.all([callAll(), callAll(), callAll()]);
  await work().finally(() => others.abort());
  await lanes;
  return count;
}

/** Calls a liar; what it is told is whatever came of it. */
const called = async (tool: string) =>
  told(client, tool).catch((error: unknown) => ({ isError: true, text: String(error) }));

test("answers twice, and what it was not asked: the first answer counts, it is named, and put out when it goes on", async () => {
  const { node, tool } = await liar(({ id }, self) => {
    self.reply(id, text("first"));
    return text("second");
  });
  const count = await besides(async () => {
    const first = await called(tool);
    expect(first.text).toContain("first");
    expect(first.text).not.toContain("second");
    expect(await troubleOf(node)).toContain("answered the same call twice");
    for (let each = 0; each < 10; each += 1) node.reply(`made-up-${each}`, text("lie"));
    await until(() => expect(node.closed?.code).toBe(4001));
  });
  expect(count).toBeGreaterThan(0);
  expect(await troubleOf(node)).toContain("answered what it was not asked");
  // It is not let in again at once.
  await expect(node.connect()).rejects.toThrow();
});

test("answers another node's calls: they get their own answers all the same", async () => {
  const { node, tool } = await liar(() => text("mine"));
  await called(tool);
  const [, epoch = "", number = "0"] = /^(.*?)(\d+)$/.exec(node.asked[0] ?? "") ?? [];
  await besides(async () => {
    const calls = Array.from({ length: 4 }, async (_, each) =>
      told(client, `${domain}_read`, { ms: 400, name: `s${each}` }),
    );
    for (let each = 1; each <= 60; each += 1) node.reply(`${epoch}${Number(number) + each}`, text("stolen"));
    for (const { text: said, value } of await Promise.all(calls)) {
      expect(value.result).toMatchObject({ at: good.name });
      expect(said).not.toContain("stolen");
    }
    await until(() => expect(node.closed?.code).toBe(4001));
  });
  expect(await troubleOf(node)).toContain("answered what it was not asked");
});

test.each<[what: string, says: (node: RawNode) => void, code: number, trouble: string]>([
  [
    "floods",
    (node) => void Array.from({ length: 4000 }, () => node.send({ jsonrpc: "2.0", method: "notifications/x" })),
    4008,
    "far more than anybody needs",
  ],
  [
    "sends what is no message",
    (node) => void Array.from({ length: 20 }, () => node.raw('{"jsonrpc":')),
    4001,
    "what is no message",
  ],
  ["sends bytes", (node) => void Array.from({ length: 20 }, () => node.raw(new Uint8Array(100))), 4001, "not text"],
  ["sends 50 MB at once", (node) => node.raw("x".repeat(50_000_000)), 1009, "more at once than it may"],
  [
    "sends frames that are none",
    // An opcode that there is not (RFC 6455, section 5.2).
    (node) => node.bytes(Buffer.from([0x87, 0x80, 1, 2, 3, 4])),
    1002,
    "no WebSocket frame",
  ],
  [
    "sends text that is none",
    // It is not UTF-8 (RFC 6455, section 8.1).
    (node) => void Array.from({ length: 20 }, () => node.raw(Buffer.from([0xff, 0xfe, 0xfd]), false)),
    4001,
    "what is no message",
  ],
  [
    "sends 50 MB in pieces",
    (node) => {
      const data = "x".repeat(CHUNK_CHARS);
      for (let index = 0; index < 1050; index += 1) {
        const params = { transfer: "t", index, last: false, data };
        node.raw(JSON.stringify({ jsonrpc: "2.0", method: METHOD.chunk, params }));
      }
    },
    1009,
    "more at once than it may",
  ],
])("%s: it is put out and named, the good node's calls all succeed", async (_what, says, code, trouble) => {
  const { node } = await liar();
  await besides(async () => {
    says(node);
    await until(async () => expect((await fleetRow(client, node.name))?.online).toBe(false));
  }, READS);
  // Where the runtime ends a link, its close comes late: first all has to be read that was sent.
  if (code > 4000) await until(() => expect(node.closed?.code).toBe(code));
  expect(await troubleOf(node)).toContain(trouble);
});

test("an answer of 50 MB: its caller is told, others are not harmed", async () => {
  const { node, tool } = await liar(({ id }, self) => {
    self.raw(JSON.stringify({ jsonrpc: "2.0", id, ...text("x".repeat(50_000_000)) }));
    return undefined;
  });
  await besides(async () => {
    expect((await called(tool)).isError).toBe(true);
  }, READS);
  expect(await troubleOf(node)).toContain("more at once than it may");
});
