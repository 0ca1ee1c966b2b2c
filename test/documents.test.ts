import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { afterAll, afterEach, describe, expect, test, vi } from "vitest";
import { unstable_readConfig } from "wrangler";
import { z } from "zod";
import { mistakesIn, readWorker } from "../scripts/deployment/settings.ts";
import { ROOT } from "../scripts/support/wrangler.ts";
import { EXIT } from "../src/node/commands/command.ts";
import { joinCommand } from "../src/node/commands/join.ts";
import { parseConfig } from "../src/node/config.ts";
import { COMMANDS } from "../src/node/main.ts";
import { PLUGINS } from "../src/node/plugins/index.ts";

/** The guides: their snippets are read as those read them for whom they are written, so that they cannot rot. */

const read = (name: string) => readFileSync(join(ROOT, name), "utf8");
const GUIDES = [
  "README.md",
  "CONTRIBUTING.md",
  "CHANGELOG.md",
  ...readdirSync(join(ROOT, "docs")).map((name) => `docs/${name}`),
];

interface Section {
  readonly title: string;
  readonly text: string;
}

/** The parts of a guide that begin with a heading of the second level. */
function sectionsOf(text: string): Section[] {
  return text.split(/^## /m).flatMap((part) => {
    const [title = "", ...rest] = part.split("\n");
    return [{ title: title.replaceAll("`", ""), text: rest.join("\n") }];
  });
}

const blocksIn = (text: string, language: string) =>
  [...text.matchAll(/^( *)```(\w*)\n(.*?)^ *```$/gms)]
    .filter(([, , name]) => name === language)
    .map(([, , , body = ""]) => body);

const folder = mkdtempSync(join(tmpdir(), "pimcp-documents-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
afterEach(() => void vi.restoreAllMocks());

/** A `wrangler.toml` with what a guide says to put there. */
function configWith(snippet: string): string {
  const base = ['name = "pimcp"', `main = "${join(ROOT, "src/index.ts")}"`, 'compatibility_date = "2026-10-01"'];
  const file = join(folder, "wrangler.toml");
  const whole = snippet.startsWith("[") ? snippet : `[vars]\n${snippet}`;
  const full = whole.replace("[vars]", '[vars]\nENVIRONMENT = "production"');
  const rest = "[durable_objects]\nbindings = []\n";
  writeFileSync(file, `${base.join("\n")}\n${full}\n${rest}`);
  return file;
}

/** What wrangler has to say of a configuration, which it refuses or only warns of. */
function wranglerSays(file: string): string {
  const warned = vi.spyOn(console, "warn").mockImplementation(() => undefined);
  try {
    unstable_readConfig({ config: file });
  } catch (error) {
    return String(error);
  }
  return warned.mock.calls.flat().map(String).join("\n");
}

/** What the gateway has to say of a home as a guide describes it. */
function gatewaySays(snippet: string, secrets: string | undefined): string[] {
  const worker = readWorker(configWith(snippet), undefined);
  const given = secrets === undefined ? {} : { HOME_SECRETS: secrets };
  const present = secrets === undefined ? ["TOKEN_KEY", "PI_CONTROLLER_PASSWORD"] : ["TOKEN_KEY"];
  return mistakesIn(worker.variables, given, new Set(present), worker);
}

const tunnel = read("docs/tunnel.md");
const reaches = sectionsOf(tunnel).filter(({ title }) => title.startsWith("reach "));
const described = reaches.flatMap(({ title, text }) =>
  blocksIn(text, "toml").map((toml): [string, string, string | undefined] => [
    title,
    toml,
    toml.includes("HOMES =") ? blocksIn(text, "json")[0] : undefined,
  ]),
);

/** Which paths a rule of cloudflared is for. */
const pathOf = (rule: string) => new RegExp(/path: (.+)/.exec(rule)?.[1] ?? "");

describe("docs/tunnel.md", () => {
  test("has a section for each reach", () => {
    expect(reaches.map(({ title }) => title)).toStrictEqual([
      "reach public",
      "reach access",
      "reach vpc",
      "reach mtls",
    ]);
    expect(described.length).toBeGreaterThanOrEqual(5);
  });

  test.each(described)("%s: wrangler and the gateway take it", (title, toml, secrets) => {
    expect(wranglerSays(configWith(toml))).toBe("");
    expect(gatewaySays(toml, secrets)).toStrictEqual([]);
    const reach = title.replace("reach ", "");
    if (reach !== "public") expect(toml).toContain(`"reach":"${reach}"`);
  });

  test("and they would not take another", () => {
    expect(wranglerSays(configWith('[[vpc_services]]\nbinding = "A"\n'))).toContain("service_id");
    expect(wranglerSays(configWith('[[vpc_service]]\nbinding = "A"\n'))).toContain("vpc_service");
    const [access] = described.filter(([title]) => title === "reach access");
    const [, toml = "", secrets = ""] = access ?? [];
    expect(gatewaySays(toml, secrets.replace("access_client_id", "client_id"))).not.toStrictEqual([]);
    expect(gatewaySays(toml, undefined)).not.toStrictEqual([]);
  });

  const rules = blocksIn(tunnel, "yaml").map((yaml): [string, string[]] => {
    const [, ingress = ""] = yaml.split("ingress:\n");
    return [yaml, ingress.split(/^ {2}- /m).slice(1)];
  });

  test.each(rules)("cloudflared: everything else is refused, and registration first", (yaml, ingress) => {
    expect(yaml).toMatch(/^tunnel: <id>\ncredentials-file: \/etc\/cloudflared\/<id>\.json\n/);
    expect(ingress.at(-1)?.trim()).toBe("service: http_status:404");
    if (ingress.length === 1) return;
    const [register = "", open = ""] = ingress;
    expect(register).toContain("service: http_status:404");
    expect("/api/v1/auth/register").toMatch(pathOf(register));
    expect("/api/v1/auth/login").not.toMatch(pathOf(register));
    for (const path of ["/api/v1/gpio/1/write", "/health", "/ready"]) expect(path).toMatch(pathOf(open));
  });

  test("several ways are shown", () => {
    expect(rules.length).toBeGreaterThanOrEqual(4);
  });
});

describe("docs/sign-in.md", () => {
  test.each(blocksIn(read("docs/sign-in.md"), "toml"))("wrangler takes it: %#", (toml) => {
    expect(wranglerSays(configWith(toml))).toBe("");
  });
});

describe("docs/clients.md", () => {
  const Entry = z.strictObject({
    type: z.literal("http").optional(),
    url: z.string().optional(),
    command: z.string().optional(),
    args: z.array(z.string()).optional(),
  });
  const Client = z.union([
    z.strictObject({ mcpServers: z.strictObject({ pimcp: Entry }) }).transform(({ mcpServers }) => mcpServers.pimcp),
    z.strictObject({ servers: z.strictObject({ pimcp: Entry }) }).transform(({ servers }) => servers.pimcp),
  ]);
  const URL_OF_ALL = "https://pimcp.example.com/mcp";
  const entries = blocksIn(read("docs/clients.md"), "json").map((json) => Client.parse(JSON.parse(json)));

  test("each snippet is JSON of its client's form, with the one URL", () => {
    expect(entries).toHaveLength(4);
    for (const { url, args } of entries) expect(url ?? args?.find((arg) => arg.startsWith("https:"))).toBe(URL_OF_ALL);
  });

  test("mcp-remote is one without CVE-2025-6514", () => {
    const [version = ""] = entries.flatMap(({ args = [] }) => args).filter((arg) => arg.startsWith("mcp-remote"));
    const [, patch] = /^mcp-remote@\^0\.1\.(\d+)$/.exec(version) ?? [];
    expect(Number(patch)).toBeGreaterThanOrEqual(16);
  });

  test("no URL of the gateway ends with a slash", () => {
    expect(read("docs/clients.md")).not.toMatch(/\/mcp\/[\s`"*)]/);
  });
});

describe("docs/nodes.md", () => {
  const guide = read("docs/nodes.md");

  test.each(blocksIn(guide, "json"))("a node takes the configuration: %#", (json) => {
    const { servers } = parseConfig(json, PLUGINS, { HOUSE_TOKEN: "t" });
    expect([...servers.keys()]).toStrictEqual(["time", "house"]);
    expect(() => parseConfig(json.replace("heavy", "hevy"), PLUGINS, { HOUSE_TOKEN: "t" })).toThrow("hevy");
  });

  test.each(blocksIn(guide, "toml"))("wrangler takes it: %#", (toml) => {
    expect(wranglerSays(configWith(toml))).toBe("");
  });

  test("tells of every command, of every option of join, and of every exit code", () => {
    for (const { name } of COMMANDS) expect(guide).toContain(`pimcp node ${name}`);
    for (const option of Object.keys(joinCommand.options)) expect(guide).toContain(`--${option}`);
    for (const code of [EXIT.revoked, EXIT.replaced]) expect(guide).toContain(`${code} when`);
  });
});

const anchorsOf = (text: string) =>
  [...text.matchAll(/^#+ (.+)$/gm)].map(([, title = ""]) =>
    title
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, "")
      .replaceAll(" ", "-"),
  );

describe("all guides", () => {
  test.each(GUIDES)("%s: links lead somewhere", (name) => {
    const here = join(ROOT, name);
    const text = read(name);
    const dead = [...text.matchAll(/\]\((?!https?:)([^)#]*)(?:#([^)]+))?\)/g)].filter(([, path = "", anchor]) => {
      const file = path === "" ? here : resolve(dirname(here), path);
      if (!existsSync(file)) return true;
      return anchor !== undefined && !anchorsOf(readFileSync(file, "utf8")).includes(anchor);
    });
    expect(dead.map(([link]) => link)).toStrictEqual([]);
  });

  test.each(GUIDES)("%s: each npm script that is named exists", (name) => {
    const { scripts } = z.object({ scripts: z.record(z.string(), z.string()) }).parse(JSON.parse(read("package.json")));
    const named = [...read(name).matchAll(/\bnpm run ([a-z0-9:-]+)/g)].map(([, script = ""]) => script);
    expect(named.filter((script) => !(script in scripts))).toStrictEqual([]);
  });
});

describe("server.json", () => {
  const Package = z.object({ version: z.string() });
  const { version } = Package.parse(JSON.parse(read("package.json")));
  /** https://static.modelcontextprotocol.io/schemas/2025-12-11/server.schema.json, as far as we use it. */
  const Server = z.strictObject({
    $schema: z.literal("https://static.modelcontextprotocol.io/schemas/2025-12-11/server.schema.json"),
    name: z
      .string()
      .regex(/^[a-zA-Z0-9.-]+\/[a-zA-Z0-9._-]+$/)
      .min(3)
      .max(200),
    title: z.string().min(1).max(100),
    description: z.string().min(1).max(100),
    version: z.string().max(255),
    remotes: z
      .array(
        z.strictObject({
          type: z.literal("streamable-http"),
          url: z.string(),
          variables: z.record(
            z.string(),
            z.strictObject({ description: z.string(), placeholder: z.string(), isRequired: z.boolean() }),
          ),
        }),
      )
      .length(1),
  });

  test("has the registry's shape and the package's version", () => {
    const server = Server.parse(JSON.parse(read("server.json")));
    expect(server.version).toBe(version);
    for (const { url, variables } of server.remotes) {
      expect([...url.matchAll(/\{(\w+)\}/g)].map(([, name]) => name)).toStrictEqual(Object.keys(variables));
      const filled = url.replaceAll(/\{(\w+)\}/g, (_all, name: string) => variables[name]?.placeholder ?? "");
      expect(filled).toBe("https://pimcp.example.com/mcp");
    }
  });

  test("the changelog tells of that version", () => {
    expect(read("CHANGELOG.md")).toMatch(new RegExp(`^## \\[?${RegExp.escape(version)}\\]? - `, "m"));
  });
});
