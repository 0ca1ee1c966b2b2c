import { readFileSync } from "node:fs";
import { parseEnv } from "node:util";
import { describe, expect, test } from "vitest";
import { type Config, ConfigError, parseConfig, VARIABLE_NAMES } from "../src/config.ts";

const TOKEN_KEY = Buffer.alloc(32, 7).toString("base64");
const development = { ENVIRONMENT: "development", TOKEN_KEY };
const production = { ENVIRONMENT: "production", TOKEN_KEY };

/** The mistakes that a configuration is refused with; none if it is taken. */
function mistakesOf(env: Record<string, unknown>): readonly string[] {
  try {
    parseConfig(env);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.mistakes;
    throw error;
  }
}

/** The variables that the mistakes are about. */
const names = (env: Record<string, unknown>) => mistakesOf(env).map((mistake) => mistake.split(" ")[0]);

const homesOf = ({ homes }: Config) => homes.map(({ url, reach }) => ({ url, reach }));

describe("each mistake is one sentence that names its variable", () => {
  test.each<[string, unknown, string]>([
    ["ENVIRONMENT", "staging", '"development" or "production"'],
    ["ENVIRONMENT", "", '"development" or "production"'],
    ["ENVIRONMENT", undefined, '"development" or "production"'],
    ["TOKEN_KEY", "", "openssl rand"],
    ["TOKEN_KEY", undefined, "openssl rand"],
    ["TOKEN_KEY", "not base64!", "openssl rand"],
    ["TOKEN_KEY", Buffer.alloc(16).toString("base64"), "32 bytes"],
    ["TOKEN_KEY", Buffer.alloc(33).toString("base64"), "32 bytes"],
    ["TOKEN_KEY_PREVIOUS", "not base64!", "openssl rand"],
    ["TOKEN_KEY_PREVIOUS", Buffer.alloc(31).toString("base64"), "32 bytes"],
    ["PUBLIC_URL", "pimcp.example.com", "origin"],
    ["PUBLIC_URL", "https://pimcp.example.com/", "origin"],
    ["PUBLIC_URL", "https://pimcp.example.com/mcp", "origin"],
    ["PUBLIC_URL", "https://PIMCP.example.com", "origin"],
    ["PUBLIC_URL", "https://pimcp.example.com:443", "origin"],
    ["PUBLIC_URL", "https://me@pimcp.example.com", "origin"],
    ["DEMO_HOME", "yes", '"on" or empty'],
    ["DEMO_HOME", "true", '"on" or empty'],
    ["DEMO_DIALECT", "latest", '"documented" or "released"'],
    ["PI_CONTROLLER_URL", "pi.example.com", "https://pi.example.com"],
    ["PI_CONTROLLER_URL", "ssh://pi.example.com", "https://pi.example.com"],
    ["PI_CONTROLLER_URL", "javascript:alert(1)", "https://pi.example.com"],
    ["PI_CONTROLLER_URL", "https://pi.example.com/api/v1", "without path"],
    ["PI_CONTROLLER_URL", "https://pi.example.com/?a=1", "without path, query"],
    ["PI_CONTROLLER_URL", "https://admin:admin123@pi.example.com", "credentials"],
    ["PI_CONTROLLER_URL", "https://admin@pi.example.com", "credentials"],
    ["PI_CONTROLLER_URL", "https://:admin123@pi.example.com", "credentials"],
    ["PI_CONTROLLER_API_KEY", "key", "PI_CONTROLLER_USERNAME"],
    ["CONFIRM", "sometimes", '"never" or empty'],
    ["PI_CONTROLLER_PINS", "BCM", '"bcm" or "header"'],
    ["PI_CONTROLLER_PINS", "board", '"bcm" or "header"'],
    ["PI_CONTROLLER_TIMEOUT", "soon", "milliseconds"],
    ["PI_CONTROLLER_TIMEOUT", "999", "at least 1000"],
    ["PI_CONTROLLER_TIMEOUT", "-1", "at least 1000"],
    ["PI_CONTROLLER_TIMEOUT", "120001", "at most 120000"],
    ["PI_CONTROLLER_TIMEOUT", "Infinity", "milliseconds"],
    ["PI_CONTROLLER_TLS_CA_CERT", "/etc/ca.crt", "originRequest.caPool in cloudflared"],
    ["PI_CONTROLLER_TLS_VERIFY", "false", "originRequest.noTLSVerify in cloudflared"],
    ["PI_CONTROLLER_TLS_VERIFY", "no", "originRequest.noTLSVerify in cloudflared"],
  ])("%s=%j", (name, value, part) => {
    const mistakes = mistakesOf({ ...development, [name]: value });
    expect(mistakes).toStrictEqual([expect.stringMatching(new RegExp(`^${name} (must|cannot) .+[^.]\\.$`))]);
    expect(mistakes[0]).toContain(part);
  });

  test("a part of a millisecond is refused in the same words as other wrong numbers", () => {
    expect(mistakesOf({ ...development, PI_CONTROLLER_TIMEOUT: "1500.5" })).toStrictEqual([
      "PI_CONTROLLER_TIMEOUT must be a number of milliseconds.",
    ]);
  });

  test("no mistake shows the key", () => {
    const almost = Buffer.alloc(31, 7).toString("base64");
    expect(mistakesOf({ ...development, TOKEN_KEY: almost }).join(" ")).not.toContain(almost.slice(0, 8));
  });
});

test("a variable that only begins like one of ours is told, for it was meant to change something", () => {
  expect(mistakesOf({ ...development, PI_CONTROLLER_PIN: "header", OIDC_ISUER: "x", OTHER: 1 })).toStrictEqual([
    "PI_CONTROLLER_PIN is not a variable of PiMCP: correct its name, or take it out.",
    "OIDC_ISUER is not a variable of PiMCP: correct its name, or take it out.",
  ]);
});

describe("all mistakes are told at once", () => {
  test("one for each variable, and the error's message has them all", () => {
    const env = { ENVIRONMENT: "x", TOKEN_KEY: "x", PUBLIC_URL: "x", DEMO_HOME: "x", PI_CONTROLLER_TIMEOUT: "x" };
    expect(names(env)).toStrictEqual(
      expect.arrayContaining(["ENVIRONMENT", "TOKEN_KEY", "PUBLIC_URL", "DEMO_HOME", "PI_CONTROLLER_TIMEOUT"]),
    );
    expect(names(env)).toHaveLength(5);
    expect(() => parseConfig(env)).toThrow(/ENVIRONMENT[^]*TOKEN_KEY|TOKEN_KEY[^]*ENVIRONMENT/);
  });

  test("a home's address among them", () => {
    const env = { ENVIRONMENT: "production", TOKEN_KEY: "", PI_CONTROLLER_URL: "http://pi.example.com" };
    expect(names(env)).toStrictEqual(["TOKEN_KEY", "PI_CONTROLLER_URL"]);
  });
});

describe("what is empty is not set", () => {
  const empty = Object.fromEntries(VARIABLE_NAMES.map((name) => [name, ""]));

  test("in development", () => {
    expect(parseConfig({ ...empty, ...development })).toStrictEqual(parseConfig(development));
    expect(parseConfig(development)).toMatchObject({ publicOrigin: undefined, development: true });
  });

  test("in production", () => {
    const env = { ...production, PI_CONTROLLER_URL: "https://pi.example.com" };
    expect(parseConfig({ ...empty, ...env })).toStrictEqual(parseConfig(env));
  });

  test("other bindings are not looked at", () => {
    expect(mistakesOf({ ...development, OAUTH_KV: {}, SOMETHING: 7 })).toStrictEqual([]);
  });
});

const url = (address: string) => ({ PI_CONTROLLER_URL: address });

describe("PI_CONTROLLER_URL", () => {
  test.each([
    [{ ...production, ...url("https://pi.example.com") }, "https://pi.example.com"],
    [{ ...production, ...url("https://pi.example.com/") }, "https://pi.example.com"],
    [{ ...production, ...url("https://pi.example.com:8443") }, "https://pi.example.com:8443"],
    [{ ...development, ...url("https://pi.example.com") }, "https://pi.example.com"],
    [{ ...development, ...url("http://localhost:8080") }, "http://localhost:8080"],
    [{ ...development, ...url("http://127.0.0.1:8080") }, "http://127.0.0.1:8080"],
    [{ ...development, ...url("http://[::1]:8080") }, "http://[::1]:8080"],
  ])("%j is taken", (env, origin) => {
    expect(homesOf(parseConfig(env))).toStrictEqual([{ url: origin, reach: "public" }]);
  });

  test.each([
    { ...production, ...url("http://pi.example.com") },
    { ...production, ...url("http://localhost:8080") },
    { ...development, ...url("http://pi.example.com") },
    { ...development, ...url("http://192.168.1.20:8080") },
    { ...development, ...url("http://localhost.evil.com:8080") },
    { ...development, ...url("http://pi.localhost:8080") },
  ])("%j is refused: plain http is for localhost in development", (env) => {
    expect(mistakesOf(env)).toStrictEqual([
      "PI_CONTROLLER_URL must be https; plain http is only for localhost in development.",
    ]);
  });

  test.each([
    [{}, 30_000],
    [{ PI_CONTROLLER_TIMEOUT: "5000" }, 5000],
    [{ PI_CONTROLLER_TIMEOUT: 120_000 }, 120_000],
  ])("the timeout of %j is %i ms", (more, timeoutMs) => {
    const [home] = parseConfig({ ...production, ...url("https://pi.example.com"), ...more }).homes;
    expect(home).toMatchObject({ id: "home", timeoutMs });
  });

  test.each([
    [{}, undefined],
    [{ PI_CONTROLLER_PINS: "" }, undefined],
    [{ PI_CONTROLLER_PINS: "bcm" }, "bcm"],
    [{ PI_CONTROLLER_PINS: "header" }, "header"],
  ])("the pin numbers of %j are %s", (more, pins) => {
    const [home] = parseConfig({ ...production, ...url("https://pi.example.com"), ...more }).homes;
    expect(home?.pins).toBe(pins);
  });
});

describe("the demo home", () => {
  const demo = { url: "https://demo-home.invalid", reach: "demo" };

  test.each([
    ["is there in development", development],
    ["is there in production if it is asked for", { ...production, DEMO_HOME: "on" }],
  ])("%s", (_, env) => {
    expect(homesOf(parseConfig(env))).toStrictEqual([demo]);
  });

  test.each([development, { ...production, DEMO_HOME: "on" }])("gives way to a real one: %j", (env) => {
    const config = parseConfig({ ...env, PI_CONTROLLER_URL: "https://pi.example.com" });
    expect(homesOf(config)).toStrictEqual([{ url: "https://pi.example.com", reach: "public" }]);
  });

  test("is not there in production by itself; the mistake says how to have a home", () => {
    expect(mistakesOf(production)).toStrictEqual([
      'There is no home: set HOMES or PI_CONTROLLER_URL, or DEMO_HOME to "on".',
    ]);
  });
});

describe("the account that acts when no person is there", () => {
  const env = { ...production, ...url("https://pi.example.com") };
  const account = { PI_CONTROLLER_USERNAME: "service", PI_CONTROLLER_PASSWORD: "canary" };

  test("is the home's", () => {
    const [home] = parseConfig({ ...env, ...account }).homes;
    expect(home?.service).toStrictEqual({ username: "service", password: "canary" });
    expect(parseConfig(env).homes[0]?.service).toBeUndefined();
  });

  test.each(Object.entries(account))("is whole or not there: %s alone is a mistake", (name, value) => {
    const mistakes = mistakesOf({ ...env, [name]: value });
    expect(mistakes).toStrictEqual([expect.stringMatching(/USERNAME and PI_CONTROLLER_PASSWORD belong together/)]);
    expect(mistakes.join(" ")).not.toContain("canary");
  });
});

describe("LIMITS", () => {
  test.each([
    [undefined, true],
    ["", true],
    ["off", false],
  ])("%j in development: requests are counted: %s", (LIMITS, limited) => {
    expect(parseConfig({ ...development, LIMITS }).limited).toBe(limited);
  });

  test("cannot be off in production", () => {
    const env = { ...production, PI_CONTROLLER_URL: "https://pi.example.com" };
    expect(mistakesOf({ ...env, LIMITS: "off" })).toStrictEqual([
      'LIMITS must be empty in production: "off" is for tests and benchmarks.',
    ]);
    expect(names({ ...env, LIMITS: "on" })).toStrictEqual(["LIMITS"]);
  });
});

test.each([
  [undefined, true],
  ["", true],
  ["never", false],
])("CONFIRM=%j: what cannot be undone is confirmed: %s", (CONFIRM, confirm) => {
  expect(parseConfig({ ...development, CONFIRM }).confirm).toBe(confirm);
});

test.each([
  ["https://pimcp.example.com", "https://pimcp.example.com"],
  ["https://pimcp.example.com:8443", "https://pimcp.example.com:8443"],
])("PUBLIC_URL=%s is the one origin", (PUBLIC_URL, origin) => {
  expect(parseConfig({ ...development, PUBLIC_URL }).publicOrigin).toBe(origin);
});

test("the key is decoded to its 32 bytes", () => {
  expect(parseConfig(development).tokenKey).toStrictEqual(new Uint8Array(32).fill(7));
});

test("the key before it is optional, and decoded like it", () => {
  expect(parseConfig(development).previousTokenKey).toBeUndefined();
  const TOKEN_KEY_PREVIOUS = Buffer.alloc(32, 8).toString("base64");
  const config = parseConfig({ ...development, TOKEN_KEY_PREVIOUS });
  expect(config.previousTokenKey).toStrictEqual(new Uint8Array(32).fill(8));
  expect(config.tokenKey).toStrictEqual(new Uint8Array(32).fill(7));
});

describe(".dev.vars.example", () => {
  const example = parseEnv(readFileSync(".dev.vars.example", "utf8"));

  test("with a key is a configuration", () => {
    expect(mistakesOf({ ...development, ...example, TOKEN_KEY })).toStrictEqual([]);
  });

  test("sets nothing that is not known, and no key", () => {
    expect(VARIABLE_NAMES).toEqual(expect.arrayContaining(Object.keys(example)));
    expect(example["TOKEN_KEY"]).toBe("");
  });

  test("opens nothing: what it sets is offered to who deploys by button", () => {
    expect(Object.keys(example)).toStrictEqual(["TOKEN_KEY"]);
  });
});
