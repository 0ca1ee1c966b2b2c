import type { Person } from "../auth/sign-in.ts";
import type { Connection } from "../contract/connection.ts";
import { lower, type Role, ROLES } from "../contract/role.ts";
import type { Home } from "../homes/home.ts";

/** What a consent page offers to grant, with what is chosen beforehand. */
export interface Offer {
  readonly homes: readonly {
    readonly id: string;
    readonly name: string;
    readonly role: Role;
    readonly chosen: boolean;
  }[];
  /** Homes that the person may sign in to besides. */
  readonly further: readonly Home[];
  /** The person's highest role at any of them. */
  readonly highest: Role;
  readonly level: Role;
  readonly stay: boolean;
  /** Whether this person has allowed this client before. */
  readonly known: boolean;
}

/** The client that asks. */
export interface Asking {
  readonly clientId: string;
  readonly clientName: string;
  readonly redirectHost: string;
  readonly redirectIsLoopback: boolean;
  /** The one home whose endpoint it asks for; `undefined` for the endpoint of all. */
  readonly onlyHome: string | undefined;
}

/** Whether a former connection was of the same client: by its id, or by a name and a place that only it can receive at. */
function isSameClient(former: Connection, client: Asking): boolean {
  if (former.clientId === client.clientId) return true;
  if (client.redirectIsLoopback) return false;
  return former.clientName === client.clientName && former.redirectHost === client.redirectHost;
}

/** The highest role that someone has at any of some homes. */
function highestOf({ homes }: Person, ids: readonly string[]): Role {
  return ROLES.findLast((role) => ids.some((id) => homes[id]?.role === role)) ?? "viewer";
}

/**
 * Homes that a person may sign in to besides. People of PEOPLE have the homes that it gives them; and who came in by a
 * demo home, whose passwords everybody knows, is nobody that a real home's things could belong to.
 */
export function furtherHomes({ identity, homes }: Person, all: readonly Home[]): Home[] {
  const isDemo = all.some(({ id, reach }) => reach === "demo" && homes[id] !== undefined);
  if (identity !== undefined) return [];
  return all.filter(({ id, reach }) => homes[id] === undefined && (reach === "demo") === isDemo);
}

/**
 * What can be granted to a client: never more than the person has, the least for a client they have never allowed,
 * and the same as before for one they have.
 * @param homes all homes of the gateway
 * @param former the person's connections, newest first
 */
export function offerFor(
  client: Asking,
  person: Person,
  homes: readonly Home[],
  former: readonly Connection[],
): Offer | undefined {
  const open = homes.filter(({ id }) => client.onlyHome === undefined || id === client.onlyHome);
  const mine = open.filter(({ id }) => person.homes[id] !== undefined);
  if (mine.length === 0) return undefined;
  const before = former.find((each) => isSameClient(each, client));
  const highest = highestOf(
    person,
    mine.map(({ id }) => id),
  );
  return {
    homes: mine.map(({ id, name }) => ({
      id,
      name,
      role: person.homes[id]?.role ?? "viewer",
      // A home that was added since is a decision, too; but a person who has just signed in to it has made it.
      chosen: mine.length === 1 || before === undefined || before.homes.includes(id) || before.homes.length === 0,
    })),
    further: furtherHomes(person, open),
    highest,
    level: lower(before?.level ?? "viewer", highest),
    stay: before?.stays ?? true,
    known: before !== undefined,
  };
}

/** What a person has agreed to. */
export interface Agreed {
  readonly homes: readonly string[];
  readonly level: Role;
  readonly stay: boolean;
}

/** The same offer with what a form has chosen, to be answered once more. */
export function offerAgain(offer: Offer, { homes, level, stay }: Agreed): Offer {
  const again = offer.homes.map((home) => ({ ...home, chosen: homes.includes(home.id) }));
  return { ...offer, homes: again, level: lower(level, offer.highest), stay };
}

/** What a form may claim, cut down to what was offered; `undefined` if no home is left. */
export function agreedTo(offer: Offer, form: Agreed): Agreed | undefined {
  const homes = offer.homes.flatMap(({ id }) => (form.homes.includes(id) ? [id] : []));
  return homes.length === 0 ? undefined : { homes, level: lower(form.level, offer.highest), stay: form.stay };
}
