import type { Context } from "hono";
import { personOf } from "../../auth/sign-in-cookie.ts";
import type { Person } from "../../auth/sign-in.ts";
import { CONSOLE } from "../../contract/activity.ts";
import type { Caller } from "../../contract/caller.ts";
import type { HomePorts } from "../../contract/context.ts";
import type { Role } from "../../contract/role.ts";
import { withDeadline } from "../../lib/deadline.ts";
import { Fault, type FaultType, isUnanswered } from "../../lib/errors.ts";
import { TooMany } from "../../limits/port.ts";
import { RATES } from "../../limits/table.ts";
import type { WebParts } from "../app.tsx";
import { ProblemPage, type Signed } from "../layout.tsx";
import { HOMES_PATH, NextPath } from "../next.ts";
import { problemOf } from "../problem.ts";
import { SignInPage } from "../sign-in-page.tsx";

/** A person waits for a page no longer than this. */
const PAGE_MS = 20_000;

/** A signed-in person on a page. */
export interface Guest {
  readonly c: Context;
  readonly person: Person;
  readonly caller: Caller;
  /** Ends with the page's time. */
  readonly signal: AbortSignal;
}

/** A signed-in person on a page about one of their homes. */
export interface Visit extends Guest {
  readonly home: HomePorts;
}

/** What pages of the console are given. */
export type ConsoleParts = Pick<
  WebParts,
  "origin" | "signIn" | "sealer" | "limits" | "home" | "register" | "operations"
>;

const STATUS: Readonly<Partial<Record<FaultType, 400 | 401 | 403 | 404 | 409>>> = {
  forbidden: 403,
  unauthorized: 401,
  token_expired: 401,
  invalid_input: 400,
  not_found: 404,
  conflict: 409,
};

/** The part of a page that its script asks for anew; `undefined` for the whole page. */
export const partOf = (c: Context): string | undefined => c.req.query("part");

export const signedAt = ({ person }: Guest, here: string): Signed => ({ who: person.userName, here });

/** Somebody who has signed in, as the caller that they are on these pages. */
export function callerOf({ userId, userName, homes }: Person): Caller {
  return { userId, userName, clientId: CONSOLE, clientName: CONSOLE, connectionId: CONSOLE, homes };
}

/** Where a sign-in leads back to: the page itself, or the list of homes. */
function nextOf(c: Context): string {
  const home = c.req.query("home");
  const wish = home === undefined ? c.req.path : `${c.req.path}?home=${home}`;
  return NextPath.safeParse(wish).data ?? HOMES_PATH;
}

/** What a page says of a fault, in the place of what was asked for. */
function faultPage({ c, person }: Pick<Guest, "c" | "person">, fault: Fault) {
  const status = STATUS[fault.type] ?? 503;
  if (partOf(c) !== undefined) return c.text(fault.message, status);
  const next = (
    <>
      Back to <a href={HOMES_PATH}>your homes</a>.
    </>
  );
  const signed = { who: person.userName, here: HOMES_PATH };
  return c.html(
    <ProblemPage title="This was not done" message={problemOf(fault)} next={next} signed={signed} />,
    status,
  );
}

/** What answers a person who has signed in; others are asked to, and what is thrown to be acted on is told. */
export function forGuests(parts: ConsoleParts, work: (guest: Guest) => Promise<Response>) {
  const { signIn, sealer, limits } = parts;
  return async (c: Context): Promise<Response> => {
    const person = await personOf(sealer, c.req.header("cookie") ?? null, signIn.rules);
    if (person === undefined) {
      if (partOf(c) !== undefined) return c.text("Signed out.", 401);
      if (c.req.method === "POST") return c.redirect(nextOf(c), 303);
      return c.html(<SignInPage ways={signIn} next={nextOf(c)} />);
    }
    if (!(await limits.within("page", person.userId))) throw new TooMany(RATES.page.seconds);
    try {
      return await withDeadline(PAGE_MS, (signal) => work({ c, person, caller: callerOf(person), signal }));
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      return faultPage({ c, person }, error);
    }
  };
}

/** One of a guest's homes. @throws Fault `not_found`, whether or not there is such a home */
export function homeOf(
  { home }: ConsoleParts,
  { caller, person, signal }: Guest,
  id: string,
  origin: string,
): HomePorts {
  if (!Object.hasOwn(person.homes, id)) {
    throw new Fault("not_found", "There is no such home among those that you have signed in to here.");
  }
  return home(caller, id, signal, origin);
}

/** The home that a query or a form names; somebody's first one, if none is. @throws Fault as `homeOf` */
export function homeIn(parts: ConsoleParts, guest: Guest, named = guest.c.req.query("home")): HomePorts {
  const [first = ""] = Object.keys(guest.person.homes);
  return homeOf(parts, guest, named ?? first, parts.origin);
}

/** What answers a person on a page about one of their homes, which the path names. */
export function forVisits(parts: ConsoleParts, work: (visit: Visit) => Promise<Response>) {
  return forGuests(parts, (guest) => {
    const id = guest.c.req.param("home") ?? "";
    return work({ ...guest, home: homeOf(parts, guest, id, parts.origin) });
  });
}

/**
 * What somebody may read now, in the home's own words; while it does not answer, what it said when they signed in,
 * ten minutes ago at most.
 * @throws Fault if the home no longer lets them in
 */
export async function readingRole(home: HomePorts): Promise<Role> {
  try {
    return await home.presentRole(0);
  } catch (error) {
    if (isUnanswered(error)) return home.role;
    throw error;
  }
}
