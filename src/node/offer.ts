import type { CallResult } from "../federation/wire/frames.ts";
import { type Capability, CAPABILITY_NAME, MAX_CAPABILITIES } from "../federation/wire/manifest.ts";
import type { PluginCall } from "./plugin.ts";

/** Arguments that do not fit; nothing was done. */
export class BadArguments extends Error {
  override readonly name = "BadArguments";
}

/** A capability, and what carries it out here. */
export interface Offered {
  readonly capability: Capability;
  /** @throws Refusal, BadArguments: nothing was done */
  run(args: Readonly<Record<string, unknown>>, call: PluginCall): Promise<CallResult>;
}

/** A plug-in or MCP server, as people call it, with what it offers now. */
export interface Source {
  readonly name: string;
  readonly offered: readonly Offered[];
}

/** What a node offers now. */
export interface Offer {
  readonly byName: ReadonlyMap<string, Offered>;
  /** What was left out, and why; for people. */
  readonly problems: readonly string[];
}

function problemWith(name: string, other: string | undefined, count: number): string | undefined {
  if (!CAPABILITY_NAME.test(name)) return `"${name}" is no name of a capability`;
  if (other !== undefined) return `${other} has a capability of that name, too`;
  if (count >= MAX_CAPABILITIES) return `a node offers at most ${MAX_CAPABILITIES}; switch off what is not needed`;
  return undefined;
}

/** Everything that is offered, in order; of two with one name the first is. */
export function offerOf(sources: readonly Source[]): Offer {
  const byName = new Map<string, Offered>();
  const owners = new Map<string, string>();
  const problems: string[] = [];
  for (const { name: source, offered } of sources) {
    for (const each of offered) {
      const { name } = each.capability;
      const problem = problemWith(name, owners.get(name), byName.size);
      if (problem !== undefined) {
        problems.push(`${name} of ${source} is left out: ${problem}.`);
        continue;
      }
      byName.set(name, each);
      owners.set(name, source);
    }
  }
  return { byName, problems };
}
