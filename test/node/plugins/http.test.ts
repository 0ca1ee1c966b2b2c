import { describe, expect, test } from "vitest";
import { Refusal } from "../../../src/node/plugin.ts";
import { http } from "../../../src/node/plugins/http.ts";
import { loopback } from "../../support/loopback.ts";
import { opened } from "../../support/plugins.ts";

async function asking(host: object = {}, settings: object = {}) {
  const server = await loopback((heard, response) => {
    response.setHeader("set-cookie", "a=b");
    response.setHeader("content-type", "text/plain");
    response.setHeader("etag", '"1"');
    if (heard.path === "/bytes") response.end(Buffer.from([0, 1]));
    else response.end(`${heard.method} ${heard.path} ${JSON.stringify(heard.headers)} ${heard.body.toString()}`);
  });
  const hosts = [{ host: server.host, scheme: "http", local: true, ...host }];
  const plugin = await opened(http, { hosts, ...settings }, { env: { API_TOKEN: "Bearer canary-token" } });
  const ask = (input: object) => plugin.run("http.request", { url: `${server.origin}/v1/a`, ...input });
  return { ...server, plugin, ask };
}

describe("http.request", () => {
  test("asks, and tells what is answered", async () => {
    const { ask, origin } = await asking();
    const answer = await ask({ url: `${origin}/v1/a?b=c#d`, headers: { Accept: "text/plain" } });
    expect(answer).toMatchObject({
      status: 200,
      headers: { "content-type": "text/plain", etag: '"1"' },
      truncated: false,
    });
    expect(answer["body"]).toMatch(/^GET \/v1\/a\?b=c .*"accept":"text\/plain"/);
    expect(JSON.stringify(answer)).not.toContain("a=b");
    expect(await ask({ url: `${origin}/bytes` })).toMatchObject({ binary: true, body_base64: "AAE=" });
  });

  test("only to hosts that are named, exactly", async () => {
    const { ask, host, port, heard } = await asking();
    const urls = [
      `https://${host}/`,
      `http://127.0.0.1/`,
      `http://127.0.0.1:${port + 1}/`,
      `http://localhost:${port}/`,
      `http://${host}.evil.example/`,
      `http://127.0.0.1.:${port}/x`.replace("127.0.0.1.", "example.com"),
      `http://user@${host}/`,
      `http://user:pass@${host}/`,
      `http://${host}@evil.example/`,
      `http://evil.example#@${host}/`,
      `http://evil.example\\@${host}/`,
      "file:///etc/passwd",
      "ftp://example.com/",
      "gopher://127.0.0.1/",
      "//evil.example/",
      "not an address",
    ];
    for (const url of urls) await expect(ask({ url }), url).rejects.toThrow(Refusal);
    expect(heard).toStrictEqual([]);
  });

  test("only by methods that are allowed", async () => {
    const { ask, heard, plugin } = await asking();
    for (const method of ["POST", "DELETE", "OPTIONS"])
      await expect(ask({ method })).rejects.toThrow(/is not allowed at/);
    for (const method of ["CONNECT", "TRACE", "get"]) await expect(ask({ method })).rejects.toThrow();
    expect(heard).toStrictEqual([]);
    expect(plugin.tool("http.request").capability.hints).toMatchObject({ readOnly: true, destructive: false });
    const writing = await asking({ methods: ["POST"] });
    expect(writing.plugin.tool("http.request").capability.hints).toMatchObject({ readOnly: false, destructive: true });
    expect(await writing.ask({ method: "POST", body: "hello" })).toMatchObject({
      body: expect.stringMatching(/ hello$/),
    });
  });

  test("only paths that are allowed", async () => {
    const { ask, origin, heard } = await asking({ paths: ["/v1", "/status"] });
    await expect(ask({})).resolves.toMatchObject({ status: 200 });
    await expect(ask({ url: `${origin}/status` })).resolves.toMatchObject({ status: 200 });
    const before = heard.length;
    for (const path of [
      "/",
      "/v10",
      "/v1/../admin",
      "/v1/%2e%2e/admin",
      "/v1/..%2fadmin",
      "/v1/%2e%2e%2fadmin",
      "/v1\\..\\admin",
      "/v1/..%5cadmin",
      "/v1/%252e%252e/",
      "/statusx",
      "/v1/..;/admin",
    ]) {
      await expect(ask({ url: origin + path }), path).rejects.toThrow(Refusal);
    }
    expect(heard).toHaveLength(before);
  });

  test("no credentials of the caller's, no headers of the connection", async () => {
    const { ask, heard } = await asking();
    for (const name of [
      "Authorization",
      "cookie",
      "host",
      "Host",
      "x-api-key",
      "proxy-authorization",
      "connection",
      "__proto__x",
    ]) {
      await expect(ask({ headers: { [name]: "x" } }), name).rejects.toThrow(Refusal);
    }
    await expect(ask({ headers: { accept: "a\r\nauthorization: b" } })).rejects.toThrow(Refusal);
    expect(heard).toStrictEqual([]);
    for (const name of ["authorization", "cookie", "host", "x-api-key", "content-length", "proxy-x", "Accept"]) {
      expect(http.settings.safeParse({ hosts: [{ host: "a.example", headers: [name] }] }).success, name).toBe(false);
    }
  });

  test("secrets come from the environment, and do not come back", async () => {
    const { ask, heard } = await asking({ secret_headers: { authorization: "API_TOKEN" } });
    const answer = await ask({});
    expect(heard[0]?.headers.authorization).toBe("Bearer canary-token");
    expect(JSON.stringify(answer)).not.toContain("canary-token");
    await expect(
      opened(http, { hosts: [{ host: "a.example", secret_headers: { authorization: "NO_SUCH" } }] }),
    ).rejects.toThrow(/NO_SUCH/);
  });

  test("a host that is not marked as local is not reached at a private address", async () => {
    const { ask, heard } = await asking({ local: false });
    await expect(ask({})).rejects.toThrow(/private network/);
    const server = await loopback((_, response) => response.end());
    const host = `localhost:${server.port}`;
    const named = await opened(http, { hosts: [{ host, scheme: "http" }] });
    await expect(named.run("http.request", { url: `http://${host}/` })).rejects.toThrow(/private network/);
    expect([...heard, ...server.heard]).toStrictEqual([]);
  });

  test("answers and bodies have their limits", async () => {
    const { ask } = await asking({ methods: ["GET", "POST"] }, { max_bytes: 256, max_body_bytes: 10 });
    await expect(ask({ method: "POST", body: "x".repeat(11) })).rejects.toThrow(/longer than 10 bytes/);
    await expect(ask({ body: "x" })).rejects.toThrow(/has no body/);
    expect(await ask({ headers: { accept: "x".repeat(400) } })).toMatchObject({ truncated: true });
  });
});

test("settings name exact hosts", () => {
  for (const host of [
    "https://a.example",
    "a.example/",
    "a.example:443",
    "*.example",
    "A.example",
    "a b",
    "u@a.example",
    "",
  ]) {
    expect(http.settings.safeParse({ hosts: [{ host }] }).success, host).toBe(host === "*.example");
  }
  expect(http.settings.safeParse({}).success).toBe(false);
  expect(http.settings.safeParse({ hosts: [] }).success).toBe(false);
});
