import type { Tool as ListedTool } from "@modelcontextprotocol/server";
import * as z from "zod";
import type { Caller } from "../contract/caller.ts";
import type { JsonSchema, Offer } from "../contract/fleet.ts";
import type { ToolHints } from "../contract/tool.ts";
import { canonical } from "../lib/canonical.ts";
import { CONFIRM_TOKEN } from "./confirm.ts";
import { withoutHeaderMarks } from "./header-marks.ts";
import { hasSeveralHomes, HOME } from "./homes.ts";
import type { Offering } from "./offers.ts";

/** Names by which a tool's nodes are listed; a model that needs another one asks list_fleet. */
const MAX_NAMED = 20;
/** Names in a description. */
const MAX_TOLD = 4;

/** The arguments of an offered tool that are PiMCP's own. */
export const OWN = { home: HOME, node: "node", token: CONFIRM_TOKEN } as const;

type OwnNames = Readonly<Record<keyof typeof OWN, string>>;

/** A prefix that nodes may not use. */
export const RESERVED = "pimcp_";

const Properties = z.record(z.string(), z.json());
const Names = z.array(z.string());

/** The arguments that an offer has itself. */
export const argumentsOf = ({ inputSchema }: Offer): Readonly<Record<string, unknown>> =>
  Properties.safeParse(inputSchema["properties"]).data ?? {};

/** What PiMCP's own arguments are called beside an offer's: with a prefix if it has one of that name. */
export function ownNames(offers: readonly Offer[]): OwnNames {
  const named = (name: string) =>
    offers.some((offer) => Object.hasOwn(argumentsOf(offer), name)) ? RESERVED + name : name;
  return { home: named(OWN.home), node: named(OWN.node), token: named(OWN.token) };
}

/** The same tool, as each home has it. */
interface AtHome {
  readonly home: string;
  readonly offer: Offer;
}

function several(names: readonly string[]): string {
  const more = names.length - MAX_TOLD;
  return more > 0 ? `${names.slice(0, MAX_TOLD).join(", ")} and ${more} more` : names.join(", ");
}

/** "Offered by node attic (cottage), barn (town), in its own words." */
function origin(at: readonly AtHome[], caller: Caller): string {
  const where = (home: string) => (hasSeveralHomes(caller) ? ` (${home})` : "");
  const names = at.flatMap(({ home, offer }) => offer.nodes.map((node) => node + where(home)));
  return names.length === 1
    ? `Offered by node ${names.join("")}, in its own words.`
    : `Offered by nodes ${several(names)}, in their own words.`;
}

const isSame = (at: readonly AtHome[]) => new Set(at.map(({ offer }) => canonical(offer.inputSchema))).size === 1;

/** "Arguments differ: cottage takes query, limit; town takes pattern." */
function differences(at: readonly AtHome[]): string {
  const told = at.map(({ home, offer }) => `${home} takes ${Object.keys(argumentsOf(offer)).join(", ") || "none"}`);
  return `Arguments differ by home: ${told.join("; ")}.`;
}

function nodeSchema(nodes: readonly string[]) {
  const description = "Node to run on; without it PiMCP chooses";
  return nodes.length > MAX_NAMED
    ? { type: "string", description: `${description}. Names: list_fleet` }
    : { type: "string", enum: [...nodes], description };
}

interface Shown {
  readonly at: readonly AtHome[];
  readonly caller: Caller;
  readonly asks: boolean;
}

function schemaOf(own: JsonSchema, { at, caller, asks }: Shown): ListedTool["inputSchema"] {
  const offers = at.map(({ offer }) => offer);
  const names = ownNames(offers);
  const isChoice = hasSeveralHomes(caller);
  const homes = at.map(({ home }) => home);
  const nodes = [...new Set(offers.flatMap((offer) => offer.nodes))];
  const canPin = offers.some((offer) => offer.nodes.length > 1);
  const properties = {
    ...(isChoice ? { [names.home]: { type: "string", enum: homes, description: "Home whose node runs it" } } : {}),
    ...Properties.safeParse(own["properties"]).data,
    ...(canPin ? { [names.node]: nodeSchema(nodes) } : {}),
    ...(asks
      ? { [names.token]: { type: "string", description: "From this call's first answer, once the person agreed" } }
      : {}),
  };
  const required = [...(isChoice ? [names.home] : []), ...(Names.safeParse(own["required"]).data ?? [])];
  const { required: _required, ...rest } = own;
  return { ...rest, type: "object", properties, ...(required.length === 0 ? {} : { required }) };
}

/** What any home's version of a tool may do. */
function hintsOf(offers: readonly Offer[]): ToolHints {
  const destructive = offers.some((offer) => offer.destructive);
  const reads = !destructive && offers.every((offer) => offer.reads);
  return { readOnlyHint: reads, destructiveHint: destructive, idempotentHint: reads, openWorldHint: true };
}

const LOOSE: JsonSchema = { type: "object" };

function describeOffer(first: Offer, shown: Shown): ListedTool {
  const { at, caller } = shown;
  const same = isSame(at);
  const notes = [first.description, origin(at, caller), ...(same ? [] : [differences(at)])];
  return {
    name: first.tool,
    title: first.title,
    description: notes.join("\n"),
    inputSchema: schemaOf(same ? withoutHeaderMarks(first.inputSchema) : LOOSE, shown),
    annotations: { title: first.title, ...hintsOf(at.map(({ offer }) => offer)) },
  };
}

/**
 * What nodes offer, as a client is told of it, in the order of the names. A tool that several homes have is one, with
 * the first home's words.
 * @param confirms whether this deployment asks before what is destructive
 */
export function describeOffers(offerings: readonly Offering[], caller: Caller, confirms: boolean): ListedTool[] {
  const byName = new Map<string, AtHome[]>();
  for (const { home, offers } of offerings) {
    for (const offer of offers) {
      const at = byName.get(offer.tool) ?? [];
      byName.set(offer.tool, at);
      if (at.every((each) => each.home !== home)) at.push({ home, offer });
    }
  }
  const sorted = [...byName].toSorted(([a], [b]) => (a < b ? -1 : 1));
  return sorted.flatMap(([, at]) => {
    const asks = confirms && at.some(({ offer }) => offer.destructive);
    const [first] = at;
    return first === undefined ? [] : [describeOffer(first.offer, { at, caller, asks })];
  });
}
