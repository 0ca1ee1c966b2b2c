import { describe, expect, test } from "vitest";
import { z } from "zod";
import { ConfigError, parseConfig, SECRET_NAMES, VARIABLE_NAMES } from "../../src/config.ts";
import { misconfigured } from "../../src/web/misconfigured.ts";

const Answer = z.object({
  error: z.literal("misconfigured"),
  message: z.string(),
  mistakes: z.array(z.object({ mistake: z.string(), mend: z.array(z.string()) })),
});

const SETTABLE = { variables: VARIABLE_NAMES, secrets: SECRET_NAMES };
const TOKEN_KEY = btoa("k".repeat(32));

function mistakesOf(env: Record<string, unknown>): readonly string[] {
  try {
    parseConfig(env);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.mistakes;
    throw error;
  }
}

/** What a Worker with this configuration answers. */
function answerTo(env: Record<string, unknown>, accept = "*/*"): Response {
  const request = new Request("https://pimcp.example.workers.dev/mcp", { headers: { accept } });
  return misconfigured(mistakesOf(env), SETTABLE, request);
}

const findings = async (env: Record<string, unknown>) => Answer.parse(await answerTo(env).json()).mistakes;

describe("a Worker that is not configured says how to mend it", () => {
  test("nothing is set: the key by its command, the home by its variable", async () => {
    const found = await findings({ ENVIRONMENT: "production" });
    expect(found.flatMap(({ mend }) => mend)).toStrictEqual(["npx wrangler secret put TOKEN_KEY"]);
    const homeless = await findings({ ENVIRONMENT: "production", TOKEN_KEY });
    expect(homeless[0]?.mend).toStrictEqual(
      ["HOMES", "PI_CONTROLLER_URL", "DEMO_HOME"].map(
        (name) => `set ${name} under [vars] in wrangler.toml, then: npm run deploy`,
      ),
    );
  });

  test.each([
    [{ PI_CONTROLLER_USERNAME: "pimcp", DEMO_HOME: "on", PI_CONTROLLER_URL: "https://pi.example.com" }, "PASSWORD"],
    [{ HOME_SECRETS: "{}", HOMES: "no JSON" }, "set HOMES under [vars]"],
    [{ HOME_SECRETS: "no JSON", HOMES: "[]" }, "npx wrangler secret put HOME_SECRETS"],
    [{ SIGN_IN: "oidc", DEMO_HOME: "on" }, "npx wrangler secret put OIDC_CLIENT_SECRET"],
    [{ PI_CONTROLLER_API_KEY: "k", DEMO_HOME: "on" }, "npx wrangler secret delete PI_CONTROLLER_API_KEY"],
  ])("%j", async (env, command) => {
    const found = await findings({ ENVIRONMENT: "production", TOKEN_KEY, ...env });
    expect(found.flatMap(({ mend }) => mend).join("\n")).toContain(command);
  });

  test("only what a sentence is about: what it says to use instead is not told as a command", async () => {
    const [found] = await findings({
      ENVIRONMENT: "production",
      TOKEN_KEY,
      DEMO_HOME: "on",
      PI_CONTROLLER_API_KEY: "k",
    });
    expect(found?.mend).toHaveLength(1);
    expect(found?.mend.join()).not.toContain("PI_CONTROLLER_PASSWORD");
  });

  test("no value is told", async () => {
    const secret = "s3cr3t-value";
    const env = Object.fromEntries(VARIABLE_NAMES.map((name) => [name, secret]));
    const text = await answerTo(env).text();
    expect(text).toContain("TOKEN_KEY");
    expect(text).not.toContain(secret);
  });

  test("a browser gets text, nothing is kept, and it is an error", async () => {
    const response = answerTo({ ENVIRONMENT: "production" }, "text/html,application/xhtml+xml");
    expect(response.status).toBe(503);
    expect(response.headers.get("content-type")).toContain("text/plain");
    expect(response.headers.get("cache-control")).toBe("no-store");
    expect(await response.text()).toContain("    npx wrangler secret put TOKEN_KEY\n");
  });
});
