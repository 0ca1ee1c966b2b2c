import type { Offer } from "../contract/fleet.ts";
import { atLeast } from "../contract/role.ts";
import { type Call, contextOf } from "./call.ts";
import type { Look } from "./read-resource.ts";

/** What the nodes of one home offer a caller. */
export interface Offering {
  readonly home: string;
  /** Rises with each change of what is offered. */
  readonly version: number;
  readonly offers: readonly Offer[];
}

/**
 * What a home's nodes offer this caller: the one decision for what is listed and what can be called.
 * @param own names of our own tools, which no node takes over
 * @throws Fault if the home's hub cannot be asked, or the home is not there any more
 */
export async function offersAt(call: Call, home: string, own: ReadonlySet<string>): Promise<Offering> {
  const { fleet, role } = contextOf(call, home);
  const { version, offers } = await fleet.offers();
  const mayUse = (offer: Offer) => atLeast(role, offer.role) && !own.has(offer.tool);
  return { home, version, offers: offers.filter(mayUse) };
}

/** What the nodes of all of a caller's homes offer; a hub that cannot be asked leaves its home out. */
export async function allOffers(
  call: Call,
  own: ReadonlySet<string>,
): Promise<{ offerings: Offering[]; missed: boolean }> {
  const homes = Object.keys(call.caller.homes);
  const asked = await Promise.allSettled(homes.map(async (home) => offersAt(call, home, own)));
  const offerings = asked.flatMap((each) => (each.status === "fulfilled" ? [each.value] : []));
  return { offerings, missed: offerings.length < homes.length };
}

/** Looks at what is offered: the number differs when that has changed. A hub that cannot be asked has not changed. */
export function offersLook(look: () => Promise<readonly Offering[]>): Look {
  const known = new Map<string, number>();
  return async () => {
    for (const { home, version } of await look()) known.set(home, version);
    return [...known.values()].reduce((sum, version) => sum + version, 0);
  };
}
