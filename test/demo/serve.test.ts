import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type ServedDemoHome, serveDemoHome } from "../../src/demo/serve.ts";
import { answerOf, at, textAt } from "./client.ts";

// Listens on a TCP port, so it runs in Node only.
describe.skipIf(navigator.userAgent === "Cloudflare-Workers")("a demo home over TCP", () => {
  let home: ServedDemoHome;

  beforeAll(async () => {
    home = await serveDemoHome({ port: 0, dialect: "documented" });
  });

  afterAll(() => home.close());

  const send = async (method: string, path: string, body?: unknown, token = "", signal?: AbortSignal) =>
    fetch(home.url + path, {
      method,
      headers: { "content-type": "application/json", ...(token === "" ? {} : { authorization: `Bearer ${token}` }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(signal === undefined ? {} : { signal }),
    });

  const logIn = async () => {
    const login = { username: "admin", password: "admin-demo" };
    return textAt((await answerOf(await send("POST", "/api/v1/auth/login", login))).body, "access_token");
  };

  test("the LED on pin 18 of pi-worker-1 is found and switched on", async () => {
    const token = await logIn();
    const nodes = (await answerOf(await send("GET", "/api/v1/nodes?cluster_id=1", undefined, token))).body;
    expect(at(nodes, "data", 1)).toMatchObject({ id: 2, name: "pi-worker-1" });
    const devices = (await answerOf(await send("GET", "/api/v1/gpio?node_id=2", undefined, token))).body;
    expect(at(devices, "data", 2)).toMatchObject({ id: 15, pin_number: 18 });
    expect((await send("POST", "/api/v1/gpio/15/write", { value: 1 }, token)).status).toBe(200);
    expect(home.world.levels["2:18"]).toBe(1);
    const sensed = await answerOf(await send("POST", "/api/v1/gpio/14/read", undefined, token));
    expect(at(sensed.body, "data", "value")).toBe(1);
  });

  test("a restart makes tokens invalid", async () => {
    const token = await logIn();
    home.restart();
    expect((await send("GET", "/api/v1/clusters", undefined, token)).status).toBe(401);
    expect((await send("GET", "/api/v1/clusters", undefined, await logIn())).status).toBe(200);
  });

  test("a caller that hangs up cancels provisioning", async () => {
    const token = await logIn();
    await send("POST", "/api/v1/clusters", { name: "fresh" }, token);
    const signal = AbortSignal.timeout(200);
    await expect(send("POST", "/api/v1/clusters/4/provision", { master_node_id: 11 }, token, signal)).rejects.toThrow();
    await expect.poll(() => home.world.clusters[3]?.status).toBe("failed");
    expect(home.world.nodes.find((node) => node.id === 11)?.status).toBe("failed");
  });

  test("a taken port is one clear sentence", async () => {
    const port = Number(new URL(home.url).port);
    await expect(serveDemoHome({ port, dialect: "released" })).rejects.toThrow(
      `Port ${port} on 127.0.0.1 is already in use; choose another one for the demo home.`,
    );
  });
});
