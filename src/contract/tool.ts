import type * as z from "zod";
import type { Deed } from "./activity.ts";
import type { Context } from "./context.ts";
import type { Role } from "./role.ts";
import type { ViewUri } from "./view.ts";

/** What a client is told about a tool's effect; all four, so that nothing is left to its defaults. */
export interface ToolHints {
  readonly readOnlyHint: boolean;
  readonly destructiveHint: boolean;
  readonly idempotentHint: boolean;
  readonly openWorldHint: boolean;
}

/**
 * What would happen, for the person who is asked; consent counts as long as it stays the same. `binds` stands for the
 * text where that changes by itself, such as with the time.
 */
export type Preview = string | { readonly text: string; readonly binds: unknown };

/** One tool: data plus one short `run`, which returns its value or throws a `Fault`. */
export interface Tool<Input extends z.ZodObject, Output extends z.ZodObject> {
  /** At most 24 characters: clients add a prefix within 64. */
  readonly name: string;
  readonly title: string;
  readonly description: string;
  /** The least role that may see and call it. */
  readonly role: Role;
  readonly input: Input;
  /** Strips what it does not promise. */
  readonly output: Output;
  readonly annotations: ToolHints;
  /**
   * What it is about: one home (the default); `homes`, one or all of the caller's; `gateway`, none in
   * particular, so that it takes no home and names homes itself.
   */
  readonly scope?: "home" | "homes" | "gateway";
  /**
   * Works without the home's controller: while that cannot be reached, what was granted counts for what only reads.
   */
  readonly independent?: boolean;
  /** What a host that can may show its answers in; the others lose nothing. */
  readonly view?: ViewUri;
  // Methods, so that concrete tools fit `AnyTool`.
  /**
   * Present if a person must agree before `run`: says in one or two sentences what would happen, naming what
   * it happens to. Changes nothing; a `Fault` ends the call.
   */
  preview?(input: z.output<Input>, context: Context): Promise<Preview>;
  /**
   * What a call sets out to do, for the home's activity record; present unless the tool only reads. Of the arguments it
   * names those that say what is meant, and none that may be secret.
   */
  deed?(input: z.output<Input>): Deed;
  /** Whether it may also be called while the home is frozen. */
  readonly evenFrozen?: boolean;
  run(input: z.output<Input>, context: Context): Promise<z.input<Output>>;
}

export type AnyTool = Tool<z.ZodObject, z.ZodObject>;

/** Types a tool; changes nothing. */
export function defineTool<Input extends z.ZodObject, Output extends z.ZodObject>(
  tool: Tool<Input, Output>,
): Tool<Input, Output> {
  return tool;
}
