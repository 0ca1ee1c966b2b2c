import type { FleetNode, Offer } from "../contract/fleet.ts";
import { ROLES } from "../contract/role.ts";
import { Fault } from "../lib/errors.ts";
import { contextOf } from "./call.ts";
import { noSuchTool, runnableOffer } from "./call-offer.ts";
import type { Asked, ToolCall } from "./call-tool.ts";
import { argumentsOf, OWN, ownNames, RESERVED } from "./describe-offers.ts";
import { hasSeveralHomes, HOME, permittedHome } from "./homes.ts";
import type { About } from "./observe.ts";
import { allOffers, offersAt } from "./offers.ts";

/** Finds what a call means that names no tool of the catalogue: its home, then the home's offer. */

type Arguments = Readonly<Record<string, unknown>>;

/** What a call names. */
interface Named {
  readonly name: string;
  readonly args: Arguments;
  readonly call: ToolCall;
  /** Names of our own tools. */
  readonly own: ReadonlySet<string>;
}

/** As the hub makes them; for other names it is not asked. */
const TOOL_NAME = /^[a-z][a-z0-9_-]{0,23}$/;

const isHome = (call: ToolCall, id: unknown): id is string =>
  typeof id === "string" && Object.hasOwn(call.caller.homes, id);

/** The home that is meant, and the argument that said so; `undefined` if it is none of the caller's. */
function homeOf({ args, call }: Named): { id: string; by?: string } | undefined {
  const [only, ...others] = Object.keys(call.caller.homes);
  if (only !== undefined && others.length === 0) return { id: only };
  for (const by of [RESERVED + HOME, HOME]) {
    const id = args[by];
    if (isHome(call, id)) return { id, by };
  }
  return undefined;
}

/** The call of an offer, its arguments told apart. */
function askedOf(offer: Offer, home: string, { args, call }: Named): Asked {
  const names = ownNames([offer]);
  const theirs = argumentsOf(offer);
  const own: Record<string, unknown> = { ...args };
  const take = (which: keyof typeof OWN) => {
    // A tool that is told as one with others may have its prefix from one of those.
    const prefixed = RESERVED + OWN[which];
    const name = Object.hasOwn(own, prefixed) && !Object.hasOwn(theirs, prefixed) ? prefixed : names[which];
    const value = own[name];
    delete own[name];
    return value;
  };
  if (hasSeveralHomes(call.caller) || own[names.home] === home) take("home");
  const node = take("node");
  const token = offer.destructive ? take("token") : undefined;
  return { tool: runnableOffer(offer, node), home, token, own };
}

function unclearHome({ name, args }: Named, homes: readonly string[]): Fault {
  const asked = args[RESERVED + HOME] ?? args[HOME];
  const why = asked === undefined ? "home is missing" : `it is not offered at ${JSON.stringify(asked)?.slice(0, 64)}`;
  return new Fault("invalid_input", `It must be said at which home ${name} is meant: ${why}. Nothing was changed.`, {
    suggestions: [`Give home as one of ${homes.join(", ")}. Never guess it: ask the person.`],
  });
}

/** What a hub says of a tool that is not offered now; `undefined` if it knows of none. */
function whyNot(name: string, home: string, nodes: readonly FleetNode[]): Fault | undefined {
  for (const node of nodes) {
    const capability = node.capabilities.find(({ tool }) => tool === name);
    if (capability === undefined || capability.state === "on") continue;
    const why = capability.problem === null ? "" : ` (${capability.problem})`;
    return new Fault(
      "not_found",
      `${name} is ${capability.state} on node "${node.name}" of home "${home}"${why}, so that it cannot be called. Nothing was changed.`,
      { suggestions: ["The home's owner switches it on again on the gateway's page.", "list_fleet shows what is on."] },
    );
  }
  return undefined;
}

/** Why a home does not offer a tool to this caller. @throws Fault, or ProtocolError if nobody has such a tool */
async function refuse(named: Named, home: string): Promise<never> {
  const { name, call, own } = named;
  const context = contextOf(call, home);
  const nodes = await context.fleet.nodes().catch(() => []);
  const versions = nodes.flatMap(({ capabilities }) => capabilities.filter(({ tool }) => tool === name));
  const role = ROLES.find((each) => versions.some((version) => version.role === each));
  if (role !== undefined) permittedHome(call, { name, role }, home);
  const fault = whyNot(name, context.home.name, nodes);
  if (fault !== undefined) throw fault;
  const { offerings } = await allOffers(call, own);
  const elsewhere = offerings.filter(({ offers }) => offers.some(({ tool }) => tool === name));
  if (elsewhere.length === 0) throw noSuchTool(name);
  throw unclearHome(
    named,
    elsewhere.map((each) => each.home),
  );
}

/** @throws ProtocolError if there is no such tool; Fault if it is not clear at which home it is meant */
async function withoutHome(named: Named): Promise<never> {
  const { offerings, missed } = await allOffers(named.call, named.own);
  const homes = offerings.filter(({ offers }) => offers.some(({ tool }) => tool === named.name));
  if (homes.length === 0 && !missed) throw noSuchTool(named.name);
  throw unclearHome(named, homes.length > 0 ? homes.map((each) => each.home) : Object.keys(named.call.caller.homes));
}

/** What is called when the name is none of the catalogue's. @throws ProtocolError if it is nobody's; Fault */
export async function findOffer(named: Named, about: About): Promise<Asked> {
  const { name, call, own } = named;
  if (!TOOL_NAME.test(name)) throw noSuchTool(name);
  const home = homeOf(named);
  if (home === undefined) return withoutHome(named);
  about.home = home.id;
  const { offers } = await offersAt(call, home.id, own);
  const offer = offers.find(({ tool }) => tool === name);
  if (offer === undefined) return refuse(named, home.id);
  about.name = name;
  if (home.by === HOME && Object.hasOwn(argumentsOf(offer), HOME)) throw unclearHome(named, [home.id]);
  return askedOf(offer, home.id, named);
}
