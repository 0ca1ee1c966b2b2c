import * as z from "zod";
import { StoredAccess } from "../contract/caller.ts";
import type { Sealer } from "../lib/crypto.ts";
import { Fault } from "../lib/errors.ts";
import { sealedCookie } from "./cookies.ts";
import type { Person } from "./sign-in.ts";
import { accessNow, type Rules, StoredIdentity } from "./standing.ts";

/** Long enough to read a consent page; nothing else uses it. */
const COOKIE = sealedCookie("__Host-pimcp-person", "sign-in-cookie", 600);

const PersonShape = z.object({
  userId: z.string(),
  userName: z.string(),
  identity: StoredIdentity.optional(),
  homes: z.record(z.string(), StoredAccess),
});

/**
 * The `Set-Cookie` that remembers, encrypted and for ten minutes, who has signed in.
 * @throws Fault `operation_failed` if they have signed in to more homes than a cookie holds
 */
export async function rememberPerson(sealer: Sealer, person: Person): Promise<string> {
  const cookie = await COOKIE.keep(sealer, person);
  if (cookie !== undefined) return cookie;
  throw new Fault("operation_failed", "That is more homes than one browser can be signed in to at a time.", {
    suggestions: ["Connect your AI client to the homes one by one, at /mcp/h/<id>."],
  });
}

/** The `Set-Cookie` that forgets them. */
export const FORGET_PERSON = COOKIE.forget;

/** Who has signed in with this browser in the last ten minutes, with what they may do now. */
export async function personOf(sealer: Sealer, cookieHeader: string | null, rules: Rules): Promise<Person | undefined> {
  const person = PersonShape.safeParse(await COOKIE.read(sealer, cookieHeader)).data;
  const homes = person === undefined ? undefined : accessNow(person, rules);
  return person === undefined || homes === undefined ? undefined : { ...person, homes };
}
