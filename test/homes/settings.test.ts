import { describe, expect, test } from "vitest";
import { parseHomes } from "../../src/homes/settings.ts";

const RULES = { development: false, demo: false, publicOrigin: "https://pimcp.example.com" };
const COTTAGE = { id: "cottage", name: "Cottage by the lake", url: "https://cottage.example.com" };

function parsed(homes: unknown, secrets?: unknown, rules = RULES) {
  const mistakes: string[] = [];
  const text = typeof homes === "string" ? homes : JSON.stringify(homes);
  const secretText = secrets === undefined || typeof secrets === "string" ? secrets : JSON.stringify(secrets);
  return { homes: parseHomes(text, secretText, rules, mistakes), mistakes };
}

const mistakesOf = (homes: unknown, secrets?: unknown) => parsed(homes, secrets).mistakes;

describe("what is taken", () => {
  test("a home by its tunnel's host name; its id is its name where it has no other", () => {
    expect(parsed([COTTAGE, { id: "town", url: "https://town.example.com/" }])).toStrictEqual({
      mistakes: [],
      homes: [
        { ...COTTAGE, reach: "public", timeoutMs: 30_000 },
        { id: "town", name: "town", url: "https://town.example.com", reach: "public", timeoutMs: 30_000 },
      ],
    });
  });

  test("a service account, with its password among the secrets", () => {
    const { homes, mistakes } = parsed([{ ...COTTAGE, username: "pimcp" }], { cottage: { password: "canary" } });
    expect(mistakes).toStrictEqual([]);
    expect(homes[0]?.service).toStrictEqual({ username: "pimcp", password: "canary" });
  });

  test("an Access service token", () => {
    const secrets = { cottage: { access_client_id: "id.access", access_client_secret: "canary" } };
    const { homes, mistakes } = parsed([{ ...COTTAGE, reach: "access" }], secrets);
    expect(mistakes).toStrictEqual([]);
    expect(homes[0]?.serviceToken).toStrictEqual({ clientId: "id.access", clientSecret: "canary" });
  });

  test("bindings: behind Workers VPC any host, http too", () => {
    const vpc = { id: "cottage", url: "http://pi-controller.internal:8080", reach: "vpc", binding: "HOME_VPC" };
    const mtls = { id: "town", url: "https://town.example.com", reach: "mtls", binding: "HOME_CERT" };
    const { homes, mistakes } = parsed([vpc, mtls]);
    expect(mistakes).toStrictEqual([]);
    expect(homes.map(({ binding }) => binding)).toStrictEqual(["HOME_VPC", "HOME_CERT"]);
  });

  test("how its controller numbers pins", () => {
    const { homes, mistakes } = parsed([{ ...COTTAGE, pins: "header" }]);
    expect(mistakes).toStrictEqual([]);
    expect(homes[0]?.pins).toBe("header");
  });

  test("the demo home beside others; localhost in development", () => {
    const { homes, mistakes } = parsed(
      [
        { id: "demo", reach: "demo" },
        { id: "here", url: "http://localhost:8080" },
      ],
      undefined,
      { ...RULES, development: true, demo: true },
    );
    expect(mistakes).toStrictEqual([]);
    expect(homes.map(({ reach }) => reach)).toStrictEqual(["demo", "public"]);
  });
});

const K3S = { cluster_id: 1, url: "https://k3s.example.com" };
const TOKENS = { cottage: { k3s_tokens: { "1": "canary" } } };

describe("the K3s API of a home's clusters", () => {
  test("is taken with its token; the namespace is default unless others are named", () => {
    const open = { cluster_id: 2, url: "https://k3s-2.example.com/", namespaces: ["web", "lab"] };
    const tokens = { cottage: { k3s_tokens: { "1": "canary", "2": "canary-2" } } };
    const { homes, mistakes } = parsed([{ ...COTTAGE, k3s: [K3S, open] }], tokens);
    expect(mistakes).toStrictEqual([]);
    expect(homes[0]?.k3s).toStrictEqual([
      { clusterId: 1, url: "https://k3s.example.com", namespaces: ["default"], token: "canary" },
      { clusterId: 2, url: "https://k3s-2.example.com", namespaces: ["web", "lab"], token: "canary-2" },
    ]);
  });

  test("behind Workers VPC may have any host, and a binding of its own", () => {
    const k3s = [{ cluster_id: 1, url: "https://10.0.0.7:6443", binding: "K3S_VPC" }];
    const { homes, mistakes } = parsed([{ ...COTTAGE, reach: "vpc", binding: "HOME_VPC", k3s }], TOKENS);
    expect(mistakes).toStrictEqual([]);
    expect(homes[0]?.k3s?.[0]).toMatchObject({ url: "https://10.0.0.7:6443", binding: "K3S_VPC" });
  });

  const DEMO = { id: "cottage", reach: "demo" };
  test.each<[string, object, unknown, string]>([
    ["no cluster", { k3s: [{ url: K3S.url }] }, {}, 'home "cottage": k3s.0.cluster_id is missing.'],
    ["a cluster's name", { k3s: [{ ...K3S, cluster_id: "lab" }] }, {}, "k3s.0.cluster_id must be the cluster's id"],
    ["no URL", { k3s: [{ cluster_id: 1 }] }, {}, "k3s.0.url is missing."],
    ["an empty list", { k3s: [] }, {}, "k3s must name a cluster, or be left out."],
    [
      "a private address",
      { k3s: [{ ...K3S, url: "https://192.168.1.20:6443" }] },
      TOKENS,
      "k3s of cluster 1: url must be a public host name",
    ],
    [
      "a path",
      { k3s: [{ ...K3S, url: "https://k3s.example.com/api" }] },
      TOKENS,
      "k3s of cluster 1: url must be the address alone",
    ],
    [
      "the gateway itself",
      { k3s: [{ ...K3S, url: "https://pimcp.example.com" }] },
      TOKENS,
      "must not be this gateway's own address.",
    ],
    [
      "no namespace",
      { k3s: [{ ...K3S, namespaces: [] }] },
      {},
      "k3s.0.namespaces must name a namespace, or be left out.",
    ],
    [
      "what is no namespace",
      { k3s: [{ ...K3S, namespaces: ["a/b"] }] },
      {},
      "k3s.0.namespaces.0 must be a namespace: 1 to 63",
    ],
    [
      "Kubernetes' own",
      { k3s: [{ ...K3S, namespaces: ["kube-system"] }] },
      {},
      "must not be a namespace of Kubernetes itself.",
    ],
    ["one twice", { k3s: [{ ...K3S, namespaces: ["a", "a"] }] }, {}, "must name each namespace once."],
    ["a cluster twice", { k3s: [K3S, K3S] }, TOKENS, "k3s names a cluster twice."],
    [
      "a binding without use",
      { k3s: [{ ...K3S, binding: "X" }] },
      TOKENS,
      'k3s of cluster 1: binding has no meaning with reach "public".',
    ],
    ["an unknown field", { k3s: [{ ...K3S, token: "canary" }] }, {}, 'has an unknown field "token".'],
    ["no token", { k3s: [K3S] }, {}, "k3s of cluster 1: its token is missing in HOME_SECRETS, k3s_tokens."],
    [
      "a token of another cluster",
      {},
      TOKENS,
      "has a token in k3s_tokens of HOME_SECRETS for cluster 1, which its k3s does not name.",
    ],
    [
      "a token with a line break",
      { k3s: [K3S] },
      { cottage: { k3s_tokens: { "1": "can\nary" } } },
      "k3s_tokens.1 does not fit.",
    ],
  ])("%s", (_, more, secrets, words) => {
    const mistakes = mistakesOf([{ ...COTTAGE, ...more }], secrets);
    expect(mistakes).toContainEqual(expect.stringContaining(words));
    expect(mistakes.join(" ")).not.toContain("canary");
  });

  test("the demo home has none: everybody knows its accounts", () => {
    expect(parsed([{ ...DEMO, k3s: [K3S] }], TOKENS, { ...RULES, demo: true }).mistakes).toStrictEqual([
      'HOMES: home "cottage": k3s has no meaning with reach "demo": its clusters are not real.',
    ]);
  });
});

describe("each mistake is one sentence that names its home", () => {
  test.each<[string, unknown, string]>([
    ["text that is no JSON", "[{", "HOMES must be JSON"],
    ["an object", {}, "HOMES must be a list of 1 to 50 homes"],
    ["no home", [], "HOMES must be a list of 1 to 50 homes"],
    ["no id", [{ url: COTTAGE.url }], "HOMES: entry 1: id is missing."],
    ["a wrong id", [{ ...COTTAGE, id: "Cottage" }], 'HOMES: home "Cottage": id must be 1 to 32 lower-case letters'],
    ["the word for all homes", [{ ...COTTAGE, id: "all" }], 'HOMES: home "all": id must not be "all".'],
    ["an id twice", [COTTAGE, COTTAGE], 'HOMES: home "cottage": is there twice: ids are unique.'],
    ["a name that could close a quotation", [{ ...COTTAGE, name: 'a" b' }], "name must be plain text"],
    ["a name that turns text around", [{ ...COTTAGE, name: "a\u202eb" }], "name must be plain text"],
    ["an unknown field", [{ ...COTTAGE, api_key: "canary" }], 'home "cottage": has an unknown field "api_key".'],
    ["no URL", [{ id: "cottage" }], 'home "cottage": url is missing'],
    ["a URL that is none", [{ ...COTTAGE, url: "cottage" }], "url must be a URL such as"],
    ["another protocol", [{ ...COTTAGE, url: "ftp://cottage.example.com" }], "url must be a URL such as"],
    ["an unknown reach", [{ ...COTTAGE, reach: "ssh" }], "reach must be one of public, access, vpc, mtls, demo."],
    ["unknown pin numbers", [{ ...COTTAGE, pins: "board" }], "pins must be one of bcm, header."],
    ["a time-out that is too long", [{ ...COTTAGE, timeout: 600_000 }], "timeout must be at most 120000 (ms)."],
    ["vpc without its binding", [{ ...COTTAGE, reach: "vpc" }], 'binding is missing, which reach "vpc" needs.'],
    ["a binding that has no use", [{ ...COTTAGE, binding: "X" }], 'binding has no meaning with reach "public".'],
    ["a URL of the demo home", [{ ...COTTAGE, reach: "demo" }], 'url has no meaning with reach "demo".'],
    ["a demo home in production", [{ id: "demo", reach: "demo" }], 'needs DEMO_HOME to be "on" in production.'],
    ["Access without its token", [{ ...COTTAGE, reach: "access" }], "needs access_client_id and access_client_secret"],
    ["an account without its password", [{ ...COTTAGE, username: "pimcp" }], "has a username but no password"],
  ])("%s", (_, homes, words) => {
    expect(mistakesOf(homes)).toStrictEqual([expect.stringContaining(words)]);
  });

  test.each<[string, unknown, string]>([
    ["text that is no JSON", "{canary", "HOME_SECRETS must be JSON"],
    ["a list", ["canary"], "HOME_SECRETS must be an object by home id"],
    ["an unknown home", { cellar: { password: "canary" } }, 'names the home "cellar", which HOMES does not have.'],
    ["an unknown field", { cottage: { pasword: "canary" } }, 'HOME_SECRETS: home "cottage": unknown field "pasword".'],
    ["a value of another type", { cottage: { password: ["canary"] } }, "password does not fit."],
    ["a password without an account", { cottage: { password: "canary" } }, "but no username."],
    [
      "a token that nothing needs",
      { cottage: { access_client_id: "canary", access_client_secret: "canary" } },
      'but its reach is "public"',
    ],
  ])("secrets: %s; no mistake shows one", (_, secrets, words) => {
    const mistakes = mistakesOf([COTTAGE], secrets);
    expect(mistakes).toStrictEqual([expect.stringContaining(words)]);
    expect(mistakes.join(" ")).not.toContain("canary");
  });

  test("all mistakes of all homes are told at once", () => {
    expect(mistakesOf([{ id: "A" }, { ...COTTAGE, reach: "vpc", username: "pimcp" }])).toHaveLength(3);
  });
});

describe("a home's address is fixed, public and not the gateway's own", () => {
  test.each([
    "http://cottage.example.com",
    "https://localhost:8080",
    "https://127.0.0.1",
    "https://2130706433",
    "https://0x7f.1",
    "https://10.0.0.7",
    "https://172.16.3.4",
    "https://172.31.255.255",
    "https://192.168.1.20",
    "https://169.254.169.254",
    "https://100.64.0.1",
    "https://0.0.0.0",
    "https://[::1]",
    "https://[::ffff:127.0.0.1]",
    "https://[fd00::1]",
    "https://metadata.google.internal",
    "https://pi.local",
    "https://pi.lan.",
    "https://pi",
    "https://pimcp.example.com",
    "https://cottage.example.com/api",
    "https://cottage.example.com?x=1",
    "https://cottage.example.com#x",
    "https://me@cottage.example.com",
  ])("%s is refused", (url) => {
    expect(mistakesOf([{ ...COTTAGE, url }])).toStrictEqual([
      expect.stringMatching(/^HOMES: home "cottage": url must /),
    ]);
  });

  test.each(["https://172.32.0.1", "https://100.128.0.1", "https://8.8.8.8", "https://localhost.example.com"])(
    "%s is public",
    (url) => {
      expect(mistakesOf([{ ...COTTAGE, url }])).toStrictEqual([]);
    },
  );
});
