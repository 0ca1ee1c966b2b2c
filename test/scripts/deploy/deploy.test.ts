import {
  appendFileSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { deploy } from "../../../scripts/deployment/deploy.ts";
import type { Ask } from "../../../scripts/deployment/world.ts";
import { wranglerOf } from "../../../scripts/deployment/wrangler.ts";
import { ROOT } from "../../../scripts/support/wrangler.ts";

const Call = z.object({
  args: z.array(z.string()),
  account: z.string().nullable(),
  secrets: z.record(z.string(), z.string()).nullable(),
  mode: z.number().nullable(),
});
type Call = z.output<typeof Call>;
const Kept = z.object({
  account: z.string().optional(),
  variables: z.record(z.string(), z.string()),
  key: z.string().optional(),
  nextKey: z.string().optional(),
});

/** Cloudflare as wrangler tells of it: `secrets` is missing while there is no such Worker. */
interface Cloudflare {
  readonly loggedIn?: boolean;
  readonly accounts?: readonly { id: string; name: string }[];
  readonly secrets?: readonly string[];
  readonly deployCode?: number;
  readonly listError?: string;
}

let folder: string;
let bin: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "pimcp-deploy-"));
  bin = join(folder, "bin");
  mkdirSync(bin);
  symlinkSync(join(import.meta.dirname, "fake-wrangler.mjs"), join(bin, "wrangler"));
  copyFileSync(join(ROOT, "wrangler.toml"), join(folder, "wrangler.toml"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

interface Run {
  readonly cloudflare?: Cloudflare;
  readonly env?: Readonly<Record<string, string>>;
  readonly ask?: Ask;
}

/** Runs the script with a wrangler on its path that only records; returns what it said. */
async function run(args: readonly string[], { cloudflare = {}, env = {}, ask }: Run = {}): Promise<string> {
  const said: string[] = [];
  const whole = {
    PATH: [bin, process.env["PATH"]].join(delimiter),
    FAKE_LOG: join(folder, "calls.ndjson"),
    FAKE_CLOUDFLARE: JSON.stringify(cloudflare),
    ...env,
  };
  const wrangler = wranglerOf(folder, whole, false);
  await deploy({ args, env: whole, folder, ask, say: (text) => said.push(text), wrangler });
  return said.join("\n");
}

function calls(): Call[] {
  const file = join(folder, "calls.ndjson");
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, "utf8").trim().split("\n");
  return lines.map((line) => Call.parse(JSON.parse(line)));
}
const deployments = () => calls().filter(({ args }) => args[0] === "deploy");
const lastDeployment = () => deployments().at(-1);
const kept = (worker = "pimcp") => Kept.parse(JSON.parse(readFileSync(join(folder, `.pimcp/${worker}.json`), "utf8")));
const variablesOf = (call: Call | undefined) =>
  (call?.args ?? []).flatMap((arg, index, all) => (all[index - 1] === "--var" ? [arg] : []));

/** Answers by what the question is about; `questions` tells afterwards what was asked, and which of it hidden. */
function person(answers: Readonly<Record<string, string>>): { ask: Ask; questions: string[]; hidden: string[] } {
  const questions: string[] = [];
  const hidden: string[] = [];
  const ask: Ask = (question, how) => {
    questions.push(question);
    if (how?.secret === true) hidden.push(question);
    const found = Object.entries(answers).find(([part]) => question.includes(part));
    if (found === undefined || questions.length > 20) return Promise.reject(new Error(`nobody answers: ${question}`));
    return Promise.resolve(found[1]);
  };
  return { ask, questions, hidden };
}

const HOME = { PI_CONTROLLER_URL: "https://pi.example.com" };
const HOMES = JSON.stringify([
  { id: "cottage", url: "https://pi.example.com", username: "pimcp" },
  { id: "town", url: "https://town.example.com", reach: "access" },
]);

describe("a fresh account", () => {
  test("asks for home and address, and uploads code, variables and a new key as one", async () => {
    const { ask, questions } = person({ "Address of your home": "https://pi.example.com", "own domain": "" });
    const said = await run([], { ask });
    expect(questions).toHaveLength(2);
    expect(calls().map(({ args: [command] }) => command)).toStrictEqual(["whoami", "secret", "deploy"]);
    const call = lastDeployment();
    expect(call?.account).toBe("acc1");
    expect(variablesOf(call)).toStrictEqual(["PI_CONTROLLER_URL:https://pi.example.com"]);
    expect(Object.keys(call?.secrets ?? {})).toStrictEqual(["TOKEN_KEY"]);
    expect(Buffer.from(call?.secrets?.["TOKEN_KEY"] ?? "", "base64")).toHaveLength(32);
    expect(call?.mode).toBe(0o600);
    expect(said).toContain("https://pimcp.anna.workers.dev/mcp");
    expect(said).not.toContain(call?.secrets?.["TOKEN_KEY"]);
  });

  test("keeps the key where only its owner reads it, and leaves no other copy", async () => {
    await run([], { env: HOME });
    expect(kept().key).toBe(lastDeployment()?.secrets?.["TOKEN_KEY"]);
    expect(statSync(join(folder, ".pimcp/pimcp.json")).mode & 0o777).toBe(0o600);
    expect(statSync(join(folder, ".pimcp")).mode & 0o777).toBe(0o700);
    expect(readdirSync(join(folder, ".wrangler"))).toStrictEqual([]);
    expect(readFileSync(join(ROOT, ".gitignore"), "utf8")).toContain(".pimcp/\n");
  });

  test("asks again after a mistake, in the words of the gateway", async () => {
    const tries = ["http://pi.example.com", "https://pi.example.com/api/v1", "", "https://pi.example.com"];
    const said = await run([], {
      ask: (question) => Promise.resolve(question.includes("own domain") ? "" : (tries.shift() ?? "")),
    });
    expect(said).toContain("PI_CONTROLLER_URL must be https");
    expect(said).toContain("without path");
    expect(variablesOf(lastDeployment())).toStrictEqual(["PI_CONTROLLER_URL:https://pi.example.com"]);
  });

  test("a domain of one's own becomes the Worker's", async () => {
    const { ask } = person({ "Address of your home": "demo", "own domain": "https://pimcp.example.com" });
    const said = await run([], { ask });
    expect(lastDeployment()?.args.join(" ")).toContain("--domain pimcp.example.com");
    expect(variablesOf(lastDeployment())).toStrictEqual(["PUBLIC_URL:https://pimcp.example.com", "DEMO_HOME:on"]);
    expect(said).toContain("https://pimcp.example.com/mcp");
    expect(said).toContain("open to everybody");
  });

  test("not where wrangler.toml says how it is served, nor for workers.dev", async () => {
    await run(["--set", "PUBLIC_URL=https://pimcp.anna.workers.dev"], { env: HOME });
    expect(lastDeployment()?.args).not.toContain("--domain");
    const toml = readFileSync(join(folder, "wrangler.toml"), "utf8");
    const routed = toml.replace(
      "[vars]",
      'routes = [{ pattern = "pimcp.example.com", custom_domain = true }]\n\n[vars]',
    );
    writeFileSync(join(folder, "wrangler.toml"), routed);
    await run(["--set", "PUBLIC_URL=https://pimcp.example.com"], { env: HOME });
    expect(lastDeployment()?.args).not.toContain("--domain");
  });

  test("asks for the secrets that homes and sign-in need, without showing them", async () => {
    const { ask, hidden } = person({
      "own domain": "",
      "cottage: Password": "hunter2",
      "town: Client ID": "abc.access",
      "town: Client Secret": "def",
      OIDC_CLIENT_SECRET: "ghi",
    });
    const oidc = { SIGN_IN: "oidc", OIDC_ISSUER: "https://id.example.com", OIDC_CLIENT_ID: "pimcp" };
    await run([], { ask, env: { HOMES, ...oidc, PEOPLE: '{"anna@example.com":{"cottage":"admin"}}' } });
    expect(hidden).toHaveLength(4);
    const secrets = lastDeployment()?.secrets ?? {};
    expect(secrets["OIDC_CLIENT_SECRET"]).toBe("ghi");
    expect(JSON.parse(secrets["HOME_SECRETS"] ?? "")).toStrictEqual({
      cottage: { password: "hunter2" },
      town: { access_client_id: "abc.access", access_client_secret: "def" },
    });
    expect(lastDeployment()?.args.join(" ")).not.toMatch(/hunter2|ghi/);
    expect(JSON.stringify(kept())).not.toMatch(/hunter2|ghi/);
  });

  test("several accounts: the person chooses once", async () => {
    const accounts = [
      { id: "acc1", name: "Home" },
      { id: "acc2", name: "Work" },
    ];
    const { ask } = person({ "several Cloudflare accounts": "2", "own domain": "" });
    await run([], { ask, env: HOME, cloudflare: { accounts } });
    expect(lastDeployment()?.account).toBe("acc2");
    await run([], { env: HOME, cloudflare: { accounts, secrets: ["TOKEN_KEY"] } });
    expect(lastDeployment()?.account).toBe("acc2");
    rmSync(join(folder, ".pimcp"), { recursive: true });
    await expect(run([], { env: HOME, cloudflare: { accounts } })).rejects.toThrow("CLOUDFLARE_ACCOUNT_ID");
  });
});

describe("a second deployment", () => {
  const second = { secrets: ["TOKEN_KEY"] };

  test("asks nothing, keeps variables and key, and sends no secret", async () => {
    const { ask } = person({
      "Address of your home": "https://pi.example.com",
      "own domain": "https://pimcp.example.com",
    });
    await run([], { ask });
    const { key } = kept();
    const said = await run([], { ask: () => Promise.reject(new Error("asked")), cloudflare: second });
    expect(variablesOf(lastDeployment())).toStrictEqual(variablesOf(deployments()[0]));
    expect(lastDeployment()?.secrets).toBeNull();
    expect(kept().key).toBe(key);
    expect(said).toContain("TOKEN_KEY stays as it is");
  });

  test("from another computer: a TOKEN_KEY from outside does not replace the one there", async () => {
    await run([], { env: { ...HOME, TOKEN_KEY: Buffer.alloc(32, 1).toString("base64") }, cloudflare: second });
    expect(lastDeployment()?.secrets).toBeNull();
  });

  test("after a broken upload the same key is tried again", async () => {
    await expect(run([], { env: HOME, cloudflare: { deployCode: 1 } })).rejects.toThrow("did not deploy");
    const { key } = kept();
    expect(key).toBeDefined();
    await run([], { env: HOME });
    expect(lastDeployment()?.secrets?.["TOKEN_KEY"]).toBe(key);
  });

  test("what wrangler.toml says since wins over what was answered", async () => {
    await run([], { env: HOME });
    const toml = readFileSync(join(folder, "wrangler.toml"), "utf8");
    const edited = toml.replace('PI_CONTROLLER_URL = ""', 'PI_CONTROLLER_URL = "https://new.example.com"');
    writeFileSync(join(folder, "wrangler.toml"), edited);
    await run([], { cloudflare: second });
    expect(variablesOf(lastDeployment())).toStrictEqual([]);
  });

  test("other HOMES need their HOME_SECRETS again", async () => {
    const HOME_SECRETS = '{"cottage":{"password":"a"},"town":{"access_client_id":"b","access_client_secret":"c"}}';
    await run([], { env: { HOMES, HOME_SECRETS } });
    const cloudflare = { secrets: ["TOKEN_KEY", "HOME_SECRETS"] };
    await run([], { env: { HOMES }, cloudflare });
    expect(lastDeployment()?.secrets).toBeNull();
    const other = HOMES.replace("town", "attic");
    await expect(run([], { env: { HOMES: other }, cloudflare })).rejects.toThrow("give HOME_SECRETS again");
    expect(deployments()).toHaveLength(2);
  });

  test("never deletes what Durable Objects hold, unless told", async () => {
    appendFileSync(
      join(folder, "wrangler.toml"),
      '\n[[migrations]]\ntag = "v999"\ndeleted_classes = ["PinReservation"]\n',
    );
    await expect(run([], { env: HOME })).rejects.toThrow("deletes the data of PinReservation");
    expect(calls()).toStrictEqual([]);
    await run(["--delete-data"], { env: HOME });
    expect(deployments()).toHaveLength(1);
  });

  test("if Cloudflare does not say which secrets there are, nothing is changed", async () => {
    const cloudflare = { listError: "✘ [ERROR] A request to the Cloudflare API failed. Internal error [code: 10000]" };
    await expect(run([], { env: HOME, cloudflare })).rejects.toThrow("nothing was changed");
    expect(deployments()).toStrictEqual([]);
    expect(existsSync(join(folder, ".pimcp"))).toBe(false);
  });
});

describe("--rotate-key", () => {
  const there = { secrets: ["TOKEN_KEY"] };

  test("sets a new key, and the one before as TOKEN_KEY_PREVIOUS, as one", async () => {
    await run([], { env: HOME });
    const { key: first } = kept();
    const said = await run(["--rotate-key"], { cloudflare: there });
    const secrets = lastDeployment()?.secrets;
    expect(secrets?.["TOKEN_KEY_PREVIOUS"]).toBe(first);
    expect(secrets?.["TOKEN_KEY"]).not.toBe(first);
    expect(kept()).toMatchObject({ key: secrets?.["TOKEN_KEY"] });
    expect(kept().nextKey).toBeUndefined();
    expect(said).toContain("secret delete TOKEN_KEY_PREVIOUS");
  });

  test("broken off: whichever key Cloudflare has is known", async () => {
    await run([], { env: HOME });
    const { key: first } = kept();
    await expect(run(["--rotate-key"], { cloudflare: { ...there, deployCode: 1 } })).rejects.toThrow("did not deploy");
    const { nextKey } = kept();
    expect(kept().key).toBe(first);
    // Cloudflare took it, although wrangler said otherwise.
    await run([], { cloudflare: { secrets: ["TOKEN_KEY", "TOKEN_KEY_PREVIOUS"] } });
    expect(kept()).toMatchObject({ key: nextKey });
    expect(kept().nextKey).toBeUndefined();
  });

  test("broken off before Cloudflare took it: the old key stays the key", async () => {
    await run([], { env: HOME });
    const { key: first } = kept();
    await expect(run(["--rotate-key"], { cloudflare: { ...there, deployCode: 1 } })).rejects.toThrow("did not deploy");
    await run([], { cloudflare: there });
    expect(kept().key).toBe(first);
    expect(kept().nextKey).toBeUndefined();
  });

  test("where the key is not kept: it is asked for, taken from outside, or the way out is told", async () => {
    const present = Buffer.alloc(32, 3).toString("base64");
    await expect(run(["--rotate-key"], { env: HOME, cloudflare: there })).rejects.toThrow("gives no secret back");
    await run(["--rotate-key"], { env: { ...HOME, TOKEN_KEY: present }, cloudflare: there });
    expect(lastDeployment()?.secrets?.["TOKEN_KEY_PREVIOUS"]).toBe(present);
    rmSync(join(folder, ".pimcp"), { recursive: true });
    const { ask, hidden } = person({ "present TOKEN_KEY": present });
    await run(["--rotate-key"], { env: HOME, ask, cloudflare: there });
    expect(hidden).toHaveLength(1);
    expect(lastDeployment()?.secrets?.["TOKEN_KEY_PREVIOUS"]).toBe(present);
  });

  test("not twice within a month, and not what is not there", async () => {
    await run([], { env: HOME });
    const cloudflare = { secrets: ["TOKEN_KEY", "TOKEN_KEY_PREVIOUS"] };
    await expect(run(["--rotate-key"], { cloudflare })).rejects.toThrow("A month after that");
    await expect(run(["--rotate-key"], {})).rejects.toThrow("deploy without --rotate-key");
    expect(deployments()).toHaveLength(1);
  });
});

describe("staging", () => {
  test("is another Worker, with a key and a memory of its own", async () => {
    await run([], { env: HOME });
    await run(["--env", "staging", "--set", "DEMO_HOME=on"], {});
    const args = lastDeployment()?.args ?? [];
    expect(args.slice(0, 3)).toStrictEqual(["deploy", "--env", "staging"]);
    expect(calls().at(-2)?.args.join(" ")).toContain("--name pimcp-staging");
    expect(variablesOf(lastDeployment())).toStrictEqual(["DEMO_HOME:on"]);
    expect(kept("pimcp-staging").key).not.toBe(kept().key);
    expect(deployments()[0]?.args.slice(0, 3)).toStrictEqual(["deploy", "--env", ""]);
  });

  test("an environment that there is not", async () => {
    await expect(run(["--env", "stagign"], { env: HOME })).rejects.toThrow("[env.stagign]");
    expect(calls()).toStrictEqual([]);
  });
});

describe("without a person", () => {
  test("nobody is logged in: one sentence with both ways, and nothing else is called", async () => {
    await expect(run([], { env: HOME, cloudflare: { loggedIn: false } })).rejects.toThrow(
      /npx wrangler login.*CLOUDFLARE_API_TOKEN/,
    );
    expect(calls()).toHaveLength(1);
  });

  test("a person is sent to the login", async () => {
    const { ask } = person({});
    await expect(run([], { ask, cloudflare: { loggedIn: false } })).rejects.toThrow("not logged in");
    expect(calls().map(({ args: [command] }) => command)).toStrictEqual(["whoami", "login", "whoami"]);
  });

  test("with a token, everything comes from the environment", async () => {
    const env = { CLOUDFLARE_API_TOKEN: "t", CLOUDFLARE_ACCOUNT_ID: "acc9", ENVIRONMENT: "ci", ...HOME };
    await run([], { env: { ...env, PI_CONTROLLER_USERNAME: "pimcp", PI_CONTROLLER_PASSWORD: "a$b" } });
    expect(calls().map(({ args: [command] }) => command)).toStrictEqual(["secret", "deploy"]);
    expect(lastDeployment()?.account).toBe("acc9");
    expect(lastDeployment()?.secrets).toMatchObject({ PI_CONTROLLER_PASSWORD: "a$b" });
    expect(variablesOf(lastDeployment()).toSorted()).toStrictEqual([
      "PI_CONTROLLER_URL:https://pi.example.com",
      "PI_CONTROLLER_USERNAME:pimcp",
    ]);
  });

  test.each<[Record<string, string>, string]>([
    [{}, "There is no home"],
    [{ PI_CONTROLLER_URL: "http://pi.example.com" }, "PI_CONTROLLER_URL must be https"],
    [{ ...HOME, PUBLIC_URL: "https://pimcp.example.com/mcp" }, "PUBLIC_URL must be an https origin"],
    [{ ...HOME, TOKEN_KEY: "short" }, "TOKEN_KEY must be 32"],
    [{ ...HOME, PI_CONTROLLER_USERNAME: "pimcp" }, "set both or neither"],
    [{ HOMES }, "has a username but no password"],
    [{ HOMES: '[{"id":"a","url":"https://a.example.com","reach":"vpc","binding":"HOME_A"}]' }, "does not have"],
    [{ ...HOME, SIGN_IN: "github" }, "GITHUB_CLIENT_SECRET is missing"],
  ])("a mistake is told before anything is uploaded: %j", async (env, words) => {
    await expect(run(["--no-questions"], { env, ask: () => Promise.reject(new Error("asked")) })).rejects.toThrow(
      words,
    );
    expect(deployments()).toStrictEqual([]);
    expect(existsSync(join(folder, ".pimcp"))).toBe(false);
  });

  test.each([
    ["--set=TOKEN_KEY=abc", "is a secret"],
    ["--set=NAME=abc", 'not "NAME"'],
    ["--set=ENVIRONMENT=development", 'not "ENVIRONMENT"'],
    ["--set=PUBLIC_URL", "NAME=value"],
    ["--rotate", "Unknown option"],
  ])("a wrong argument: %s", async (flag, words) => {
    await expect(run([flag], { env: HOME })).rejects.toThrow(words);
    expect(calls()).toStrictEqual([]);
  });

  test("a development configuration is not deployed", async () => {
    const toml = readFileSync(join(folder, "wrangler.toml"), "utf8");
    writeFileSync(join(folder, "wrangler.toml"), toml.replaceAll('"production"', '"development"'));
    await expect(run([], { env: HOME })).rejects.toThrow('ENVIRONMENT must be "production"');
  });

  test("a damaged memory is not written over", async () => {
    mkdirSync(join(folder, ".pimcp"));
    writeFileSync(join(folder, ".pimcp/pimcp.json"), '{"key":"secret-key"');
    const failed = run([], { env: HOME });
    await expect(failed).rejects.toThrow("is damaged");
    await expect(failed).rejects.not.toThrow("secret-key");
    expect(readFileSync(join(folder, ".pimcp/pimcp.json"), "utf8")).toContain("secret-key");
  });
});
