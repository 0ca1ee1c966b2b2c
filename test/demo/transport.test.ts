import { describe, expect, test } from "vitest";
import { DIALECTS, openHome } from "./client.ts";

const CLUSTERS = "/api/v1/clusters";

describe.each(DIALECTS)("transport, %s", (dialect) => {
  test("unknown API paths and methods are a 404 before any token is asked for", async () => {
    const home = openHome(dialect);
    const missing = { status: 404, body: { error: "API endpoint not found" } };
    expect(await home.call("nobody", "GET", "/api/v1/nothing")).toMatchObject(missing);
    expect(await home.call("nobody", "PATCH", CLUSTERS)).toMatchObject(missing);
    expect(await home.call("nobody", "GET", "/api")).toMatchObject(missing);
  });

  test("any other path is the web interface, with 200", async () => {
    const { status, headers } = await openHome(dialect).call("nobody", "GET", "/v1/clusters");
    expect(status).toBe(200);
    expect(headers.get("content-type")).toContain("text/html");
  });

  test("HEAD is not allowed", async () => {
    expect((await openHome(dialect).request("/health", { method: "HEAD" })).status).toBe(405);
  });

  test.each([
    ["limit=ten", "invalid limit parameter: must be a number"],
    ["limit=1001", "limit parameter outside valid range (0-1000)"],
    ["limit=-1", "limit parameter outside valid range (0-1000)"],
    ["offset=x", "invalid offset parameter: must be a number"],
  ])("?%s is refused", async (query, message) => {
    expect(await openHome(dialect).call("viewer", "GET", `${CLUSTERS}?${query}`)).toMatchObject({
      status: 400,
      body: { error: "Bad Request", message },
    });
  });

  test("another content type than JSON is refused", async () => {
    const headers = { "content-type": "text/plain" };
    const answer = await openHome(dialect).call("operator", "POST", CLUSTERS, { name: "x" }, headers);
    expect(answer).toMatchObject({ status: 400, body: { message: "unsupported content type: text/plain" } });
  });

  test.each(["", "{", "[]", '"text"'])("the body %j is a 400", async (body) => {
    const home = openHome(dialect);
    const headers = { authorization: `Bearer ${await home.token("operator")}`, "content-type": "application/json" };
    const response = await home.request(CLUSTERS, { method: "POST", headers, body });
    expect(response.status).toBe(400);
  });

  test("a request id is echoed or made", async () => {
    const home = openHome(dialect);
    const sent = await home.call("nobody", "GET", "/health", undefined, { "x-request-id": "abc" });
    expect(sent.headers.get("x-request-id")).toBe("abc");
    const made = await home.call("nobody", "GET", "/api/v1/nothing");
    expect(made.headers.get("x-request-id")).toMatch(/^[0-9a-f]{16}$/);
  });

  test("security headers and CORS are as released controllers send them", async () => {
    const home = openHome(dialect);
    const origin = "https://example.com";
    const { headers } = await home.call("nobody", "GET", "/health", undefined, { origin });
    expect(headers.get("x-frame-options")).toBe("DENY");
    expect(headers.get("access-control-allow-origin")).toBe(origin);
    expect((await home.request("/health", { method: "OPTIONS", headers: { origin } })).status).toBe(204);
  });

  test("latency is spent on every request, however fast provisioning runs", async () => {
    const home = openHome(dialect, { latencyMs: 40, timeScale: 10 });
    await home.call("nobody", "GET", "/health");
    expect(home.waits).toEqual([40]);
  });

  test("only requests that change the world are saved", async () => {
    const home = openHome(dialect);
    await home.token("operator");
    const { count } = home.saves;
    await home.call("operator", "GET", CLUSTERS);
    await home.call("operator", "POST", CLUSTERS, { name: "bad name" });
    expect(home.saves.count).toBe(count);
    await home.call("operator", "POST", CLUSTERS, { name: "good-name" });
    expect(home.saves.count).toBe(count + 1);
  });

  test("a full demo home refuses to grow and says what to do", async () => {
    const home = openHome(dialect);
    const description = "x".repeat(1000);
    let status = 201;
    for (let index = 0; status === 201 && index < 200; index += 1) {
      ({ status } = await home.call("operator", "POST", CLUSTERS, { name: `c${index}`, description }));
    }
    expect(status).toBe(507);
    expect(JSON.stringify(home.world).length).toBeLessThan(100_000);
    const long = { name: "long", description: "x".repeat(16_000) };
    expect((await openHome(dialect).call("operator", "POST", CLUSTERS, long)).status).toBe(413);
  });
});

test("of what was deleted only the newest rows are kept", async () => {
  const home = openHome("documented");
  for (let id = 24; id < 64; id += 1) {
    await home.call("operator", "POST", "/api/v1/gpio", { node_id: 5, pin_number: 20, name: `d${id}`, mode: "input" });
    expect((await home.call("admin", "DELETE", `/api/v1/gpio/${id}`)).status).toBe(204);
    home.advance(1);
  }
  const deleted = home.world.devices.filter((device) => device.deleted_at !== null).map((device) => device.id);
  expect(deleted).toEqual(Array.from({ length: 21 }, (_, index) => 43 + index));
  expect(home.world.devices.filter((device) => device.deleted_at === null)).toHaveLength(13);
});

describe("query scanning", () => {
  test.each(["discovery_method=update", "type=x%27y", "status=a;b", "role=<x>"])(
    "?%s is refused by the released controller",
    async (query) => {
      const path = `/api/v1/nodes?${query}`;
      const released = await openHome("released").call("viewer", "GET", path);
      expect(released.status).toBe(400);
      expect(JSON.stringify(released.body)).toContain("contains potentially malicious content");
      expect((await openHome("documented").call("viewer", "GET", path)).status).toBe(200);
    },
  );
});

describe("rate limits", () => {
  const remote = { "x-forwarded-for": "203.0.113.7, 10.0.0.1" };
  const health = (home: ReturnType<typeof openHome>, headers: Record<string, string> = remote) =>
    home.call("nobody", "GET", "/health", undefined, headers);

  test("ten requests at once, then one a second, for each address", async () => {
    const home = openHome("released", { limits: true });
    for (let index = 0; index < 10; index += 1) expect((await health(home)).status).toBe(200);
    const refused = await health(home);
    expect(refused).toMatchObject({
      status: 429,
      body: { error: "Rate Limit Exceeded", message: "Too many requests, please slow down", retry_after: 60 },
    });
    expect(refused.headers.get("retry-after")).toBeNull();
    expect(refused.headers.get("x-ratelimit-remaining")).toBe("0");
    expect((await health(home, { "x-forwarded-for": "203.0.113.8" })).status).toBe(200);
    home.advance(1000);
    expect((await health(home)).status).toBe(200);
    expect((await health(home)).status).toBe(429);
  });

  test("the local machine is exempt, and without limits nothing is counted", async () => {
    const home = openHome("released", { limits: true });
    for (let index = 0; index < 30; index += 1) {
      expect((await health(home, { "x-forwarded-for": "127.0.0.1" })).status).toBe(200);
    }
    const free = openHome("released");
    for (let index = 0; index < 30; index += 1) expect((await health(free)).status).toBe(200);
  });

  test("GPIO allows twenty at once and ten a second, by user and whatever the address", async () => {
    const home = openHome("released", { limits: true });
    const statuses: number[] = [];
    for (let index = 0; index < 21; index += 1) {
      const headers = { "x-forwarded-for": `203.0.113.${index}` };
      const answer = await home.call("viewer", "POST", "/api/v1/gpio/15/read", undefined, headers);
      statuses.push(answer.status);
      if (answer.status !== 429) continue;
      expect(answer.body).toEqual({
        error: "Rate Limit Exceeded",
        message: "GPIO operation rate limit exceeded. Rapid GPIO switching can damage hardware.",
        retry_after: 1,
        limit: 10,
      });
      expect(answer.headers.get("retry-after")).toBe("1");
    }
    expect(statuses).toEqual([...Array.from({ length: 20 }, () => 200), 429]);
  });
});
