import { describe, expect, test } from "vitest";
import { rulesOf } from "../../../src/auth/providers/open.ts";
import { ConfigError, parseConfig } from "../../../src/config.ts";

const production = {
  ENVIRONMENT: "production",
  TOKEN_KEY: btoa("k".repeat(32)),
  PI_CONTROLLER_URL: "https://pi.example.com",
  PI_CONTROLLER_USERNAME: "service",
  PI_CONTROLLER_PASSWORD: "canary",
};
const PEOPLE = '{"anna@example.com":{"home":"viewer"}}';
const OIDC = {
  OIDC_ISSUER: "https://issuer.example/realms/home",
  OIDC_CLIENT_ID: "pimcp",
  OIDC_CLIENT_SECRET: "canary",
  PEOPLE,
};
const GITHUB = { GITHUB_CLIENT_ID: "pimcp", GITHUB_CLIENT_SECRET: "canary", PEOPLE };

const signIn = (env: Record<string, unknown>) => parseConfig({ ...production, ...env }).signIn;

function mistakesOf(env: Record<string, unknown>): readonly string[] {
  try {
    signIn(env);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.mistakes;
    throw error;
  }
}

const sources = (env: Record<string, unknown>) => [...rulesOf(signIn(env)).sources];

describe("SIGN_IN", () => {
  test("is the account at the home, unless it says otherwise", () => {
    expect(signIn({})).toStrictEqual({ accounts: true, providers: [], people: new Map() });
    expect(signIn({ SIGN_IN: "", ...OIDC })).toStrictEqual({ accounts: true, providers: [], people: new Map() });
  });

  test("offers ways in its order, each once", () => {
    const settings = signIn({ SIGN_IN: "github, oidc,github,pi-controller", ...OIDC, ...GITHUB });
    expect(settings.providers.map(({ kind }) => kind)).toStrictEqual(["github", "oidc"]);
    expect(settings.accounts).toBe(true);
    expect(signIn({ SIGN_IN: "oidc", ...OIDC }).accounts).toBe(false);
  });

  test("says whose word counts", () => {
    expect(sources({})).toStrictEqual(["pi-controller"]);
    expect(sources({ SIGN_IN: "oidc", ...OIDC })).toStrictEqual([OIDC.OIDC_ISSUER]);
    expect(sources({ SIGN_IN: "github,pi-controller", ...GITHUB })).toStrictEqual([
      "pi-controller",
      "https://github.com",
    ]);
  });

  test.each(["password", "oidc,", "oidc github", "OIDC", ","])("%j is refused", (SIGN_IN) => {
    expect(mistakesOf({ SIGN_IN, ...OIDC })).toStrictEqual([
      'SIGN_IN must be a list of "pi-controller", "oidc", "github", such as "oidc,pi-controller".',
    ]);
  });
});

describe("what a way cannot do without is asked for in one sentence each", () => {
  test.each([
    ["oidc", OIDC],
    ["github", GITHUB],
  ])("%s", (SIGN_IN, needed) => {
    expect(mistakesOf({ SIGN_IN, ...needed })).toStrictEqual([]);
    for (const name of Object.keys(needed)) {
      const sentence = `${name} is missing: SIGN_IN has "${SIGN_IN}", which needs it.`;
      expect(mistakesOf({ SIGN_IN, ...needed, [name]: "" })).toStrictEqual([sentence]);
      expect(mistakesOf({ SIGN_IN, ...needed, [name]: undefined })).toStrictEqual([sentence]);
    }
    expect(mistakesOf({ SIGN_IN })).toHaveLength(Object.keys(needed).length);
  });

  test("PEOPLE once for both", () => {
    const all = { SIGN_IN: "oidc,github", ...OIDC, ...GITHUB };
    expect(mistakesOf({ ...all, PEOPLE: "" })).toHaveLength(1);
    expect(mistakesOf({ ...all, PEOPLE: '{"a@b.co":{"cabin":"admin"}}' })).toHaveLength(1);
  });

  test("a service account for the homes in PEOPLE", () => {
    const env = { SIGN_IN: "oidc", ...OIDC, PI_CONTROLLER_USERNAME: "", PI_CONTROLLER_PASSWORD: "" };
    expect(mistakesOf(env)).toStrictEqual([expect.stringContaining('"home", which has no service account')]);
  });
});

const issuer = (OIDC_ISSUER: string, ENVIRONMENT = "production") =>
  mistakesOf({ SIGN_IN: "oidc", ...OIDC, OIDC_ISSUER, ENVIRONMENT });

describe("OIDC_ISSUER", () => {
  test.each([
    ["https://accounts.google.com", "production"],
    ["https://home.cloudflareaccess.com/cdn-cgi/access/sso/oidc/1f", "production"],
    ["http://localhost:8080/realms/home", "development"],
    ["http://127.0.0.1:8080", "development"],
  ])("%s is taken in %s", (url, environment) => {
    expect(issuer(url, environment)).toStrictEqual([]);
  });

  test.each([
    ["http://issuer.example", "production", "must be https"],
    ["http://localhost:8080", "production", "must be https"],
    ["http://issuer.example", "development", "must be https"],
    ["http://192.168.1.20", "development", "must be https"],
    ["ftp://issuer.example", "production", "must be https"],
    ["https://me:canary@issuer.example", "production", "without query or credentials"],
    ["https://issuer.example/?a=1", "production", "without query or credentials"],
    ["https://issuer.example/#a", "production", "without query or credentials"],
    ["issuer.example", "production", "must be a URL"],
  ])("%s is refused in %s", (url, environment, words) => {
    const mistakes = issuer(url, environment);
    expect(mistakes).toStrictEqual([expect.stringMatching(/^OIDC_ISSUER must .+[^.]\.$/)]);
    expect(mistakes[0]).toContain(words);
    expect(mistakes[0]).not.toContain("canary");
  });
});

test.each([
  [{}, { name: "issuer.example", trustEmail: false }],
  [
    { OIDC_NAME: "Our Keycloak", OIDC_TRUST_EMAIL: "on" },
    { name: "Our Keycloak", trustEmail: true },
  ],
])("%j is told and trusted as %j", (env, expected) => {
  expect(signIn({ SIGN_IN: "oidc", ...OIDC, ...env }).providers[0]).toMatchObject(expected);
});

test.each(["oidc", "github"])("a home cannot be called %s: its people would share ids with that way's", (id) => {
  const env = { PI_CONTROLLER_URL: "", PI_CONTROLLER_USERNAME: "", PI_CONTROLLER_PASSWORD: "" };
  expect(mistakesOf({ ...env, HOMES: JSON.stringify([{ id, url: "https://pi.example.com" }]) })).toStrictEqual([
    `A home cannot have the id "${id}": that is a way to sign in.`,
  ]);
});

test("no mistake shows a secret", () => {
  const env = { SIGN_IN: "oidc,github", ...OIDC, ...GITHUB, PEOPLE: "{", OIDC_ISSUER: "x", OIDC_CLIENT_ID: "" };
  expect(mistakesOf(env).join(" ")).not.toContain("canary");
});
