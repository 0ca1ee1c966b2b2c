import * as z from "zod";
import type { CallResult } from "../federation/wire/frames.ts";
import type { Capability } from "../federation/wire/manifest.ts";

/** What a capability is given for one call. */
export interface PluginCall {
  /** Ends when nobody waits for the answer any more, or the node stops. */
  readonly signal: AbortSignal;
  readonly progress: (done: number, total: number | undefined, message: string) => void;
}

/** The owner's limits forbid it: what, why, what next. Nothing was done. */
export class Refusal extends Error {
  override readonly name = "Refusal";
}

/** It was tried and failed, in words for the caller: what, why, what next. Something may have been done. */
export class Failure extends Error {
  override readonly name = "Failure";
}

/** One capability and what carries it out. */
export interface PluginTool<Input extends z.ZodObject = z.ZodObject> {
  readonly capability: Omit<Capability, "inputSchema" | "outputSchema">;
  readonly input: Input;
  // A method, so that concrete tools fit an array of them.
  /** @returns the value, which is JSON; @throws Refusal or Failure; anything else is a bug, or the signal's reason */
  run(input: z.output<Input>, call: PluginCall): Promise<Readonly<Record<string, unknown>>>;
}

/** Types a capability; changes nothing. */
export function definePluginTool<Input extends z.ZodObject>(tool: PluginTool<Input>): PluginTool<Input> {
  return tool;
}

/** An entry of the home's shared context, as it is seen on this node. */
export interface Note {
  readonly key: string;
  readonly value: unknown;
  /** `null`: the hub has not decided yet. */
  readonly version: number | null;
  /** `null`: written on this node. */
  readonly author: string | null;
  /** In milliseconds since 1970. */
  readonly at: number;
}

/** What the home's people, clients and nodes tell each other; also while the node is cut off from its hub. */
export interface SharedNotes {
  get(key: string): Note | undefined;
  /** By key. */
  list(prefix: string): readonly Note[];
  /**
   * Kept on this node at once; the hub is told when it can be.
   * @param value JSON
   * @throws Refusal
   */
  put(
    key: string,
    value: unknown,
    /** `ttl` in seconds; `expect`: the version that it must have, 0 if it must not be there. */
    options?: { readonly ttl?: number; readonly zone?: "home" | "cloud"; readonly expect?: number },
  ): void;
  /** @throws Refusal if it is not there */
  delete(key: string): void;
  /** @returns how to stop */
  watch(prefix: string, told: (key: string) => void): () => void;
}

/** What a plug-in may use of its node. */
export interface PluginHost {
  /** Folder of the node's own, for what a plug-in keeps; made on first use. */
  folder(name: string): string;
  /** Another plug-in's capability on this node, such as `ai.embed` for `vector.index`. */
  call(capability: string, input: Readonly<Record<string, unknown>>, call: PluginCall): Promise<CallResult>;
  readonly notes: SharedNotes;
  /** A value from the environment, for secrets that do not belong into a file. */
  env(name: string): string | undefined;
}

/** A plug-in that is switched on. */
export interface OpenPlugin {
  readonly tools: readonly PluginTool[];
  close(): Promise<void>;
}

/** What the settings of each plug-in begin with: a plug-in that the configuration does not name is off, too. */
export const SWITCH = { enabled: z.boolean().default(true) };

/** One built-in plug-in: its settings, and how it is switched on. */
export interface Plugin<Settings extends z.ZodObject<typeof SWITCH> = z.ZodObject<typeof SWITCH>> {
  /** Its domain: the first part of its capabilities' names, and its key under `plugins` in the configuration. */
  readonly name: string;
  /** One sentence for people. */
  readonly about: string;
  readonly settings: Settings;
  // A method, for the same reason.
  /**
   * Only with settings that are `enabled`.
   * @throws Refusal with a sentence for the owner if it cannot work with these settings
   */
  open(settings: z.output<Settings>, host: PluginHost): Promise<OpenPlugin>;
}

/** Types a plug-in; changes nothing. */
export function definePlugin<Settings extends z.ZodObject<typeof SWITCH>>(plugin: Plugin<Settings>): Plugin<Settings> {
  return plugin;
}

/** A plug-in, whatever its settings are. */
export type AnyPlugin = Plugin;
