import { describe, expect, test } from "vitest";
import { DEMO_HOME, type Home, singleHome } from "../../src/homes/home.ts";
import { k3sApisOf, missingBindings, type Outside, waysThrough } from "../../src/homes/reach.ts";

const PUBLIC = singleHome("https://cottage.example.com", 1000, undefined);
const URL_OF_IT = "https://cottage.example.com/health";

/** Answers with the way that was taken and the headers that came along. */
const by = (way: string) => (_url: string, init: RequestInit) => {
  const headers = Object.fromEntries(new Headers(init.headers));
  return Promise.resolve(Response.json({ way, headers }));
};

const OUTSIDE: Outside = {
  fetch: by("network"),
  demo: (homeId) => by(`demo ${homeId}`),
  binding: (name) => (name === "HOME_VPC" ? by(name) : undefined),
};

async function taken(home: Home) {
  const response = await waysThrough(OUTSIDE)(home)(URL_OF_IT, { headers: { authorization: "Bearer x" } });
  return response.json<{ way: string; headers: Record<string, string> }>();
}

describe("each home has its own way", () => {
  test.each<[string, Home, string]>([
    ["a tunnel's host name", PUBLIC, "network"],
    ["a Workers VPC binding", { ...PUBLIC, reach: "vpc", binding: "HOME_VPC" }, "HOME_VPC"],
    ["the demo home", DEMO_HOME, "demo demo"],
    ["a second demo home", { ...DEMO_HOME, id: "second" }, "demo second"],
  ])("%s", async (_, home, way) => {
    expect(await taken(home)).toStrictEqual({ way, headers: { authorization: "Bearer x" } });
  });

  test("Cloudflare Access is shown the home's service token, beside the person's", async () => {
    const serviceToken = { clientId: "id.access", clientSecret: "secret" };
    expect(await taken({ ...PUBLIC, reach: "access", serviceToken })).toStrictEqual({
      way: "network",
      headers: {
        authorization: "Bearer x",
        "cf-access-client-id": "id.access",
        "cf-access-client-secret": "secret",
      },
    });
  });
});

test("a binding that the Worker does not have is one sentence", () => {
  const homes: Home[] = [
    PUBLIC,
    { ...PUBLIC, id: "town", reach: "mtls", binding: "HOME_CERT" },
    { ...PUBLIC, id: "cabin", reach: "vpc", binding: "HOME_VPC" },
  ];
  expect(missingBindings(homes, OUTSIDE)).toStrictEqual([
    'HOMES: home "town" is reached through the mTLS certificate binding "HOME_CERT", which wrangler.toml does not have.',
  ]);
});

describe("the K3s API of a home's cluster is reached as the home is", () => {
  const API = { clusterId: 1, url: "https://k3s.example.com", namespaces: ["default"], token: "t" } as const;
  const outside: Outside = { ...OUTSIDE, binding: (name) => (name.endsWith("_VPC") ? by(name) : undefined) };

  async function takenTo(home: Home) {
    const [api] = k3sApisOf(home, waysThrough(outside));
    expect(api?.endpoint).toMatchObject({ name: home.name, url: "https://k3s.example.com", timeoutMs: home.timeoutMs });
    const response = await api?.endpoint.fetch("https://k3s.example.com/readyz", {});
    return response?.json<{ way: string; headers: Record<string, string> }>();
  }

  test("with the same service token", async () => {
    const serviceToken = { clientId: "id.access", clientSecret: "secret" };
    expect(await takenTo({ ...PUBLIC, reach: "access", serviceToken, k3s: [API] })).toStrictEqual({
      way: "network",
      headers: { "cf-access-client-id": "id.access", "cf-access-client-secret": "secret" },
    });
  });

  test("through the same binding, or its own", async () => {
    const home: Home = { ...PUBLIC, reach: "vpc", binding: "HOME_VPC" };
    expect(await takenTo({ ...home, k3s: [API] })).toMatchObject({ way: "HOME_VPC" });
    expect(await takenTo({ ...home, k3s: [{ ...API, binding: "K3S_VPC" }] })).toMatchObject({ way: "K3S_VPC" });
  });

  test("a binding that is missing is one sentence", () => {
    const home: Home = {
      ...PUBLIC,
      id: "town",
      reach: "vpc",
      binding: "HOME_VPC",
      k3s: [{ ...API, binding: "OTHER" }],
    };
    expect(missingBindings([home], outside)).toStrictEqual([
      'HOMES: home "town" has the K3s API of cluster 1 reached through the Workers VPC binding "OTHER", which wrangler.toml does not have.',
    ]);
  });
});
