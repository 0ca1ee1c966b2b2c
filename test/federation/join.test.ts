import { env, exports } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import { joinBody, type JoinWish, newNodeKey, type NodeKey } from "../support/federated-node.ts";

const ORIGIN = "http://localhost:8788";
const HOME = "demo";
const hub = () => env.HOME_HUB.getByName(HOME);

let lastName = 0;
/** Each test has names of its own: the home is the same. */
const newName = () => `node-${(lastName += 1)}`;

async function post(body: unknown): Promise<{ status: number; answer: Record<string, unknown> }> {
  const response = await exports.default.fetch(`${ORIGIN}/nodes/join`, { method: "POST", body: JSON.stringify(body) });
  return { status: response.status, answer: await response.json() };
}

const ask = async (node: NodeKey, wish: Partial<JoinWish> = {}) =>
  post(await joinBody(node, { origin: ORIGIN, home: HOME, ...wish }));

describe("a node that asks to be let in", () => {
  test("waits with a code, until it is adopted; asked again, it keeps what it has", async () => {
    const node = await newNodeKey();
    const name = newName();
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
    await hub().end(node.id, "anna");
  });
});
