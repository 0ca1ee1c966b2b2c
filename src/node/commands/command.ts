import { parseArgs, type ParseArgsOptionsConfig } from "node:util";
import { defaultConfigFile, type Environment, nodeFolder } from "../folders.ts";
import type { AnyPlugin } from "../plugin.ts";
import { whyOf } from "../sentences.ts";

/** What the commands end with. */
export const EXIT = {
  ok: 0,
  /** It did not work, or the node is not connected. */
  failed: 1,
  /** The command was not understood. */
  usage: 2,
  /** The owner of the home has ended the node: starting it again does not help. */
  revoked: 3,
  /** Another process runs with the same key. */
  replaced: 4,
} as const;

/** What a command works with. */
export interface Context {
  readonly env: Environment;
  /** "pimcp/0.1.0" */
  readonly agent: string;
  readonly plugins: readonly AnyPlugin[];
  /** What was asked for. */
  readonly print: (text: string) => void;
  /** Progress, and what to do next. */
  readonly tell: (line: string) => void;
}

/** The options that were given; those that take no value are booleans. */
export type Options = Readonly<Record<string, string | boolean | undefined>>;

export interface Command {
  readonly name: string;
  /** One line. */
  readonly about: string;
  readonly usage: string;
  readonly options: ParseArgsOptionsConfig;
  /** How many arguments it takes beside its options. */
  readonly takes: number;
  /** @returns exit code; @throws Trouble, ConfigError, UsageError */
  run(options: Options, args: readonly string[], context: Context): Promise<number>;
}

/** The command was not understood. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** Options that every command takes. */
export const COMMON: ParseArgsOptionsConfig = { state: { type: "string" }, help: { type: "boolean", short: "h" } };

export const COMMON_HELP = `  --state FOLDER     where key and link are kept; one folder for each node of this computer
  --help             this text`;

/** Reads what follows a command. @throws UsageError */
export function parsed({ options, takes }: Command, argv: readonly string[]): { options: Options; args: string[] } {
  try {
    const { values, positionals } = parseArgs({
      args: [...argv],
      options: { ...COMMON, ...options },
      allowPositionals: true,
    });
    const given: Record<string, string | boolean | undefined> = {};
    for (const [name, value] of Object.entries(values)) given[name] = Array.isArray(value) ? undefined : value;
    if (given["help"] !== true && positionals.length > takes) {
      throw new UsageError(`"${positionals[takes] ?? ""}" is one argument too many.`);
    }
    return { options: given, args: positionals };
  } catch (error) {
    // Of an unknown option, Node goes on about positional arguments.
    throw error instanceof UsageError
      ? error
      : new UsageError(whyOf(error).replace(/\. To specify a positional.*/s, "."));
  }
}

/** An option's text. */
export function textOf(options: Options, name: string): string | undefined {
  const value = options[name];
  return typeof value === "string" ? value : undefined;
}

/** The node's folder. */
export const folderOf = (options: Options, { env }: Context) =>
  textOf(options, "state") ?? nodeFolder(env, process.platform);

/** A command of this node as a person types it: with the folder, if they have named one. */
export function commandLine(command: string, options: Options): string {
  const state = textOf(options, "state");
  return state === undefined ? `\`${command}\`` : `\`${command} --state ${state}\``;
}

/** The configuration's file. */
export const configFileOf = (options: Options, { env }: Context) => textOf(options, "config") ?? defaultConfigFile(env);
