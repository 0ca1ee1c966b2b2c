import { env, exports } from "cloudflare:workers";
import { runInDurableObject } from "cloudflare:test";
import { afterEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { joinNode } from "../../src/federation/join.ts";
import { PROOF_SECONDS } from "../../src/federation/wire/identity.ts";
import { joinBody, type JoinWish, newNodeKey, type NodeKey } from "../support/federated-node.ts";

const ORIGIN = "http://localhost:8788";
const HOME = "demo";
const URL_OF_JOIN = `${ORIGIN}/nodes/join`;
const hub = () => env.HOME_HUB.getByName(HOME);

interface Answered {
  readonly status: number;
  readonly answer: Record<string, unknown>;
}

const Answer = z.record(z.string(), z.unknown());

async function answered(asked: Response | Promise<Response>): Promise<Answered> {
  const response = await asked;
  return { status: response.status, answer: Answer.parse(await response.json()) };
}

const post = (body: unknown) =>
  answered(
    exports.default.fetch(URL_OF_JOIN, {
      method: "POST",
      body: typeof body === "string" ? body : JSON.stringify(body),
    }),
  );

let last = 0;
/** Each node has a name of its own: the home is the same. */
const ask = async (node: NodeKey, wish: Partial<JoinWish> = {}) =>
  post(await joinBody(node, { origin: ORIGIN, home: HOME, name: `node-${(last += 1)}`, ...wish }));

afterEach(async () => {
  await runInDurableObject(hub(), (_hub, { storage }) =>
    storage.sql.exec("DELETE FROM nodes; DELETE FROM ended_nodes"),
  );
});

describe("a node that asks to be let in", () => {
  test("waits with a code, until it is adopted; asked again, it keeps what it has", async () => {
    const node = await newNodeKey();
    const name = "kitchen";
    const { status, answer } = await ask(node, { name });
    expect(status).toBe(200);
    expect(answer).toStrictEqual({
      node_id: node.id,
      name,
      state: "pending",
      code: expect.stringMatching(/^[2-9A-HJ-NP-Z]{4}-[2-9A-HJ-NP-Z]{4}$/),
      page: `${ORIGIN}/nodes`,
    });
    expect((await ask(node, { name })).answer).toStrictEqual(answer);
    expect(await hub().adopt(node.id, "anna")).toBeNull();
    expect((await ask(node, { name })).answer).toMatchObject({ state: "adopted", code: null });
  });

  test("is adopted at once by a token of the owner's page, once; the token itself is kept nowhere", async () => {
    const { token } = await hub().enrol([], "anna");
    const kept = await runInDurableObject(hub(), (_hub, { storage }) =>
      JSON.stringify(storage.sql.exec("SELECT * FROM enrolments").toArray()),
    );
    expect(kept).not.toContain(token.slice("pimcp-enrol-".length));
    const [one, other] = [await newNodeKey(), await newNodeKey()];
    expect((await ask(one, { enrolment: token })).answer).toMatchObject({ state: "adopted", code: null });
    const second = await ask(other, { enrolment: token });
    expect(second).toMatchObject({ status: 401, answer: { type: "unauthorized" } });
    expect(second.answer["suggestions"]).toHaveLength(2);
  });

  test("two with one token at the same time: one is adopted", async () => {
    const { token } = await hub().enrol([], "anna");
    const keys = await Promise.all(Array.from({ length: 4 }, () => newNodeKey()));
    const all = await Promise.all(keys.map((key) => ask(key, { enrolment: token })));
    expect(all.filter(({ status }) => status === 200)).toHaveLength(1);
  });

  test("whose key was refused stays out, in clear words", async () => {
    const node = await newNodeKey();
    await ask(node, { name: "attic" });
    await hub().end(node.id, "anna");
    expect(await ask(node, { name: "attic" })).toMatchObject({
      status: 403,
      answer: { type: "forbidden", message: expect.stringContaining("owner") },
    });
    const { ended } = await hub().overview();
    expect(ended).toMatchObject([{ id: node.id, name: "attic", by: "anna" }]);
  });
});

describe("a proof", () => {
  test("counts once", async () => {
    const body = await joinBody(await newNodeKey(), { origin: ORIGIN, home: HOME, name: "cellar" });
    expect((await post(body)).status).toBe(200);
    expect(await post(body)).toMatchObject({ status: 401, answer: { message: "This proof was used before." } });
  });

  test("sent many times at once counts once", async () => {
    const body = await joinBody(await newNodeKey(), { origin: ORIGIN, home: HOME, name: "cellar" });
    const all = await Promise.all(Array.from({ length: 6 }, () => post(body)));
    expect(all.filter(({ status }) => status === 200)).toHaveLength(1);
  });

  test.each<[string, Partial<JoinWish>]>([
    ["for another gateway", { audience: "https://elsewhere.example/nodes/join" }],
    ["for another path", { audience: `${ORIGIN}/nodes/connect` }],
    ["for another home", { proofHome: "cottage" }],
    ["that has expired", { now: Date.now() - 2 * PROOF_SECONDS * 1000 - 1000 }],
    ["from the future", { now: Date.now() + 2 * PROOF_SECONDS * 1000 + 1000 }],
  ])("%s is refused", async (_name, wish) => {
    expect(await ask(await newNodeKey(), wish)).toMatchObject({ status: 401, answer: { type: "unauthorized" } });
    expect((await hub().overview()).nodes).toStrictEqual([]);
  });

  test("of another key is refused, so that nobody takes a node's place", async () => {
    const [node, thief] = [await newNodeKey(), await newNodeKey()];
    await ask(node, { name: "kitchen" });
    const body = await joinBody({ ...thief, id: node.id, key: node.key }, { origin: ORIGIN, home: HOME });
    expect((await post(body)).status).toBe(401);
  });
});

/** A good request but for some fields. */
const good = async (more: Record<string, unknown>) => ({
  ...(await joinBody(await newNodeKey(), { origin: ORIGIN, home: HOME })),
  ...more,
});

describe("a request that is none", () => {
  test.each<[string, () => Promise<unknown>, number, RegExp]>([
    ["no JSON", async () => "{", 400, /does not fit/],
    ["an unknown home", () => good({ home: "attic" }), 404, /no home "attic"/],
    ["a name of other signs", () => good({ name: "Küche" }), 400, /lower-case/],
    ["a hidden sign in its name", () => good({ name: "kit\u200bchen" }), 400, /lower-case/],
    ["no key", () => good({ key: { kty: "OKP", crv: "Ed25519", x: "short" } }), 400, /key\.x/],
    ["a key that is none", () => good({ key: { kty: "OKP", crv: "Ed25519", x: "_".repeat(43) } }), 401, /proof/],
    ["too much", () => good({ enrolment: "x".repeat(10_000) }), 400, /larger than/],
    ["a site that there is not", () => good({ site: "moon" }), 400, /site/],
  ])("%s", async (_name, body, status, message) => {
    const { status: told, answer } = await post(await body());
    expect(told).toBe(status);
    expect(answer["message"]).toMatch(message);
    expect(answer["type"]).toBeTypeOf("string");
  });

  test("by another method", async () => {
    const response = await exports.default.fetch(URL_OF_JOIN);
    expect(response.status).toBe(405);
    expect(response.headers.get("allow")).toBe("POST");
    await response.body?.cancel();
  });

  test("from a page of another site", async () => {
    const headers = { origin: "https://evil.example" };
    const response = await exports.default.fetch(URL_OF_JOIN, { method: "POST", headers, body: "{}" });
    expect(response.status).toBe(403);
    await response.body?.cancel();
  });
});

/** A request as the runtime hands it over. */
const request = (body: unknown, cf?: unknown) => {
  const made = new Request(URL_OF_JOIN, { method: "POST", body: JSON.stringify(body) });
  Object.defineProperty(made, "cf", { value: cf });
  return made;
};

describe("where there are two homes", () => {
  const names = { a: crypto.randomUUID(), b: crypto.randomUUID() };

  const hubOf = (home: string) => env.HOME_HUB.getByName(home === "a" ? names.a : names.b);

  const parts = (more: Partial<Parameters<typeof joinNode>[1]> = {}) => ({
    origin: ORIGIN,
    homes: ["a", "b"],
    mtls: false,
    page: "",
    within: () => Promise.resolve(true),
    waitSeconds: 60,
    hub: hubOf,
    ...more,
  });

  test("keys of home A are useless at home B", async () => {
    const node = await newNodeKey();
    await answered(joinNode(request(await joinBody(node, { origin: ORIGIN, home: "a" })), parts()));
    await hubOf("a").adopt(node.id, "anna");
    const atB = await joinBody(node, { origin: ORIGIN, home: "b" });
    // The proof for A says so, whatever the body says.
    const stolen = { ...(await joinBody(node, { origin: ORIGIN, home: "a" })), home: "b" };
    expect((await answered(joinNode(request(stolen), parts()))).status).toBe(401);
    // At B it is a stranger, who waits for B's owner.
    expect((await answered(joinNode(request(atB), parts()))).answer).toMatchObject({ state: "pending" });
    expect(
      await hubOf("b").set(node.id, "file.search", "", { role: "viewer", reads: true, destructive: false }, ""),
    ).toMatchObject({ type: "not_found" });
  });

  test("a token of home A is useless at home B", async () => {
    const { token } = await hubOf("a").enrol([], "anna");
    const body = await joinBody(await newNodeKey(), { origin: ORIGIN, home: "b", name: "x", enrolment: token });
    expect((await answered(joinNode(request(body), parts()))).status).toBe(401);
  });

  const fingerprint = "ab".repeat(32);
  const shown = (more: Record<string, unknown> = {}) => ({
    tlsClientAuth: {
      certPresented: "1",
      certVerified: "SUCCESS",
      certRevoked: "0",
      certFingerprintSHA256: fingerprint.toUpperCase(),
      ...more,
    },
  });

  test("with mTLS, the first certificate is the only one", async () => {
    const node = await newNodeKey();
    const body = () => joinBody(node, { origin: ORIGIN, home: "a", name: "certified" });
    const send = async (cf: unknown) => answered(joinNode(request(await body(), cf), parts({ mtls: true })));
    expect((await send(shown())).status).toBe(200);
    expect((await send(shown())).status).toBe(200);
    expect((await send(shown({ certFingerprintSHA256: "cd".repeat(32) }))).status).toBe(403);
    const { nodes } = await hubOf("a").overview();
    expect(nodes.find(({ id }) => id === node.id)?.certificate).toBe(fingerprint);
  });

  test.each<[string, unknown]>([
    ["none", undefined],
    ["none presented", shown({ certPresented: "0" })],
    ["one that was not verified", shown({ certVerified: "FAILED:self signed certificate" })],
    ["one that was revoked", shown({ certRevoked: "1" })],
  ])("with mTLS, %s is refused", async (_name, cf) => {
    const body = await joinBody(await newNodeKey(), { origin: ORIGIN, home: "a", name: "bare" });
    expect(await answered(joinNode(request(body, cf), parts({ mtls: true })))).toMatchObject({
      status: 403,
      answer: { message: expect.stringContaining("certificate") },
    });
  });

  test("over the limit of an address, nothing is looked at", async () => {
    const body = await joinBody(await newNodeKey(), { origin: ORIGIN, home: "a", name: "late" });
    const response = await joinNode(request(body), parts({ within: () => Promise.resolve(false) }));
    expect(response.status).toBe(429);
    expect(response.headers.get("retry-after")).toBe("60");
    await response.body?.cancel();
    expect((await hubOf("a").overview()).nodes.map(({ name }) => name)).not.toContain("late");
  });
});
