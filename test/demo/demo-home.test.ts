import { env } from "cloudflare:workers";
import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { describe, expect, test } from "vitest";
import { World } from "../../src/demo/state.ts";
import { answerOf, at, textAt } from "./client.ts";

let names = 0;
const newHome = () => env.DEMO_HOME_OBJECT.getByName(`home-${(names += 1)}`);
type Stub = ReturnType<typeof newHome>;

async function send(home: Stub, method: string, path: string, token = "", body?: unknown) {
  const response = await home.fetch(`https://demo.invalid${path}`, {
    method,
    headers: { "content-type": "application/json", ...(token === "" ? {} : { authorization: `Bearer ${token}` }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return answerOf(response);
}

async function logIn(home: Stub, who: string): Promise<string> {
  const login = { username: who, password: `${who}-demo` };
  return textAt((await send(home, "POST", "/api/v1/auth/login", "", login)).body, "access_token");
}

const worldOf = (home: Stub) =>
  runInDurableObject(home, (_object, state) => World.parse(state.storage.kv.get("world")));

describe("the demo home", () => {
  test("speaks the documented dialect unless told otherwise", async () => {
    expect((await send(newHome(), "GET", "/health")).body).toMatchObject({ status: "healthy", clusters: 3 });
  });

  test("keeps its world and its tokens while it is evicted", async () => {
    const home = newHome();
    const token = await logIn(home, "operator");
    expect((await send(home, "POST", "/api/v1/gpio/15/write", token, { value: 1 })).status).toBe(200);
    await evictDurableObject(home);
    expect(at((await send(home, "POST", "/api/v1/gpio/14/read", token)).body, "data", "value")).toBe(1);
    expect((await worldOf(home)).levels["2:18"]).toBe(1);
  });

  test("forgets all tokens at a restart, and remembers that it did", async () => {
    const home = newHome();
    const token = await logIn(home, "viewer");
    await home.restart();
    expect((await send(home, "GET", "/api/v1/nodes", token)).status).toBe(401);
    await evictDurableObject(home);
    expect((await send(home, "GET", "/api/v1/nodes", token)).status).toBe(401);
    expect((await send(home, "GET", "/api/v1/nodes", await logIn(home, "viewer"))).status).toBe(200);
  });

  test("demotes and deactivates users at once, and keeps it", async () => {
    const home = newHome();
    const token = await logIn(home, "admin");
    const remove = async () => (await send(home, "DELETE", "/api/v1/gpio/99", token)).status;
    expect(await remove()).toBe(404);
    expect(await home.setUser("admin", { role: "viewer" })).toBe(true);
    expect(await remove()).toBe(403);
    await evictDurableObject(home);
    expect(await remove()).toBe(403);
    expect(await home.setUser("admin", { active: false })).toBe(true);
    expect(await remove()).toBe(401);
    expect(await home.setUser("ghost", { active: false })).toBe(false);
  });

  test("ends as failed what it was in the middle of when it was evicted", async () => {
    const home = newHome();
    const world = await worldOf(home);
    const [cluster, node] = [world.clusters[2], world.nodes[11]];
    if (cluster !== undefined) cluster.status = "provisioning";
    if (node !== undefined) node.status = "provisioning";
    await runInDurableObject(home, (_object, state) => state.storage.kv.put("world", world));
    await evictDurableObject(home);
    const token = await logIn(home, "viewer");
    expect((await send(home, "GET", "/api/v1/clusters/3", token)).body).toMatchObject({ data: { status: "error" } });
    expect((await send(home, "GET", "/api/v1/nodes/12", token)).body).toMatchObject({ data: { status: "error" } });
  });

  test("begins anew if what it finds stored is of another version", async () => {
    const home = newHome();
    await send(home, "GET", "/health");
    await runInDurableObject(home, (_object, state) => state.storage.kv.put("world", { format: 0 }));
    await evictDurableObject(home);
    expect((await send(home, "GET", "/health")).body).toMatchObject({ nodes: 15 });
    expect((await worldOf(home)).format).toBe(1);
  });
});
