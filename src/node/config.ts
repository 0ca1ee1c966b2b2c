import { readFileSync } from "node:fs";
import * as z from "zod";
import { NODE_NAME } from "../federation/wire/manifest.ts";
import type { Environment } from "./folders.ts";
import type { AnyPlugin } from "./plugin.ts";
import { whyOf } from "./sentences.ts";

/** Calls that a node works on at a time, unless its configuration says otherwise. */
const DEFAULT_CAPACITY = 8;

const SERVER_KEY = /^[A-Za-z][A-Za-z0-9_-]{0,31}$/;

const common = {
  /** `false` keeps the entry, and leaves the server alone. */
  enabled: z.boolean().default(true),
  /** Tools, by their own names, that take long or need much. */
  heavy: z.array(z.string()).default([]),
  /** The only tools that are offered; all if left out. */
  tools: z.array(z.string()).optional(),
};

const StdioServer = z.strictObject({
  ...common,
  type: z.literal("stdio").optional(),
  command: z.string().min(1),
  args: z.array(z.string()).default([]),
  env: z.record(z.string(), z.string()).default({}),
  cwd: z.string().optional(),
});

const HttpServer = z.strictObject({
  ...common,
  type: z.enum(["http", "streamable-http"]).optional(),
  url: z.url({ protocol: /^https?$/, error: "must be an address with http or https" }),
  headers: z.record(z.string(), z.string()).default({}),
});

export type ServerSettings = z.output<typeof StdioServer> | z.output<typeof HttpServer>;

const ConfigFile = z.strictObject({
  name: z
    .string()
    .regex(NODE_NAME, "must be 1 to 32 lower-case letters, digits and hyphens, such as kitchen-pi")
    .optional(),
  capacity: z.int().min(1).max(256).default(DEFAULT_CAPACITY),
  plugins: z.record(z.string(), z.looseObject({ enabled: z.boolean().default(true) })).default({}),
  mcpServers: z.record(z.string(), z.unknown()).default({}),
});

/** A plug-in that is switched on, with its settings as it wants them. */
export interface EnabledPlugin {
  readonly plugin: AnyPlugin;
  readonly settings: { readonly enabled: boolean };
}

export interface Config {
  readonly name: string | undefined;
  readonly capacity: number;
  readonly plugins: readonly EnabledPlugin[];
  /** Those that are switched on, by name. */
  readonly servers: ReadonlyMap<string, ServerSettings>;
}

/** Mistakes in a configuration, each one a sentence that names its place. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
  readonly mistakes: readonly string[];

  constructor(mistakes: readonly string[]) {
    super(mistakes.join("\n"));
    this.mistakes = mistakes;
  }
}

/** "plugins.file.roots[0]" */
const placeOf = (path: readonly PropertyKey[]) =>
  path.reduce<string>((text, part) => {
    if (typeof part === "number") return `${text}[${part}]`;
    return text === "" ? String(part) : `${text}.${String(part)}`;
  }, "");

function mistakesOf(error: z.ZodError, before: readonly string[] = []): string[] {
  return error.issues.map(({ path, message }) => {
    const place = placeOf([...before, ...path]);
    return `${place === "" ? "The file" : place}: ${message}.`;
  });
}

/** Puts values of the environment where a text says `${NAME}`. */
function filledIn(value: unknown, env: Environment, place: string, mistakes: string[]): unknown {
  if (typeof value === "string") {
    return value.replaceAll(/\$\{(\w+)\}/g, (_all, name: string) => {
      const found = env[name];
      if (found === undefined) mistakes.push(`${place}: the environment has no variable ${name}.`);
      return found ?? "";
    });
  }
  if (Array.isArray(value)) return value.map((each, index) => filledIn(each, env, `${place}[${index}]`, mistakes));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => [key, filledIn(each, env, `${place}.${key}`, mistakes)]),
  );
}

const isOff = (value: unknown) =>
  typeof value === "object" && value !== null && "enabled" in value && value.enabled === false;

function serverOf(name: string, value: unknown, env: Environment, mistakes: string[]): ServerSettings | undefined {
  const place = `mcpServers.${name}`;
  if (!SERVER_KEY.test(name)) {
    mistakes.push(`${place}: its name must be letters, digits, hyphens and underscores, at most 32.`);
    return undefined;
  }
  if (isOff(value)) return undefined;
  const hasUrl = typeof value === "object" && value !== null && "url" in value;
  const parsed = (hasUrl ? HttpServer : StdioServer).safeParse(filledIn(value, env, place, mistakes));
  if (parsed.success) return parsed.data;
  mistakes.push(...mistakesOf(parsed.error, ["mcpServers", name]));
  return undefined;
}

function pluginOf(
  name: string,
  settings: { readonly enabled: boolean },
  plugins: readonly AnyPlugin[],
  mistakes: string[],
): EnabledPlugin | undefined {
  const plugin = plugins.find((each) => each.name === name);
  if (plugin === undefined) {
    const known = plugins.map((each) => each.name).join(", ");
    mistakes.push(`plugins.${name}: there is no such plug-in. Those that there are: ${known === "" ? "none" : known}.`);
    return undefined;
  }
  if (!settings.enabled) return undefined;
  const parsed = plugin.settings.safeParse(settings);
  if (parsed.success) return { plugin, settings: parsed.data };
  mistakes.push(...mistakesOf(parsed.error, ["plugins", name]));
  return undefined;
}

/**
 * Parses the text of a configuration.
 * @throws ConfigError with every mistake at once
 */
export function parseConfig(text: string, plugins: readonly AnyPlugin[], env: Environment): Config {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new ConfigError([`The file is not JSON: ${whyOf(error)}.`]);
  }
  const parsed = ConfigFile.safeParse(json);
  if (!parsed.success) throw new ConfigError(mistakesOf(parsed.error));
  const { name, capacity, plugins: chosen, mcpServers } = parsed.data;
  const mistakes: string[] = [];
  const enabled = Object.entries(chosen).flatMap(([key, value]) => pluginOf(key, value, plugins, mistakes) ?? []);
  const servers = new Map<string, ServerSettings>();
  for (const [key, value] of Object.entries(mcpServers)) {
    const server = serverOf(key, value, env, mistakes);
    if (server !== undefined) servers.set(key, server);
  }
  if (mistakes.length > 0) throw new ConfigError(mistakes);
  return { name, capacity, plugins: enabled, servers };
}

/** The text of a configuration's file; of one that is not there, that of an empty one. */
export function readConfigText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return "{}";
    throw new ConfigError([`${path} cannot be read: ${whyOf(error)}.`]);
  }
}

/** A configuration to begin with: everything in its place, and off. */
export function exampleConfig(plugins: readonly AnyPlugin[]): string {
  const example = {
    capacity: DEFAULT_CAPACITY,
    plugins: Object.fromEntries(plugins.map(({ name }) => [name, { enabled: false }])),
    mcpServers: {
      everything: { enabled: false, command: "npx", args: ["-y", "@modelcontextprotocol/server-everything"] },
    },
  };
  return `${JSON.stringify(example, undefined, 2)}\n`;
}
