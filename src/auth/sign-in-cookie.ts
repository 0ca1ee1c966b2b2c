import { z } from "zod";
import { StoredAccess } from "../contract/caller.ts";
import type { Sealer } from "../lib/crypto.ts";
import { Fault } from "../lib/errors.ts";
import type { Person } from "./sign-in.ts";
import { accessNow, type Rules, StoredIdentity } from "./standing.ts";

/** `__Host-`: this host only, https only (browsers count localhost as such), no other path. */
const NAME = "__Host-pimcp-person";

/** Long enough to read a consent page; nothing else uses it. */
const SECONDS = 600;

const PURPOSE = "sign-in-cookie";

const PersonShape = z.object({
  userId: z.string(),
  userName: z.string(),
  identity: StoredIdentity.optional(),
  homes: z.record(z.string(), StoredAccess),
});

const ATTRIBUTES = "Path=/; Secure; HttpOnly; SameSite=Lax";

/** Browsers drop a cookie that is longer, without a word. */
const MAX_COOKIE = 4096;

/**
 * The `Set-Cookie` that remembers, encrypted and for ten minutes, who has signed in.
 * @throws Fault `operation_failed` if they have signed in to more homes than a cookie holds
 */
export async function rememberPerson(sealer: Sealer, person: Person): Promise<string> {
  const cookie = `${NAME}=${await sealer.seal(PURPOSE, person, SECONDS)}; Max-Age=${SECONDS}; ${ATTRIBUTES}`;
  if (cookie.length <= MAX_COOKIE) return cookie;
  throw new Fault("operation_failed", "That is more homes than one browser can be signed in to at a time.", {
    suggestions: ["Connect your AI client to the homes one by one, at /mcp/h/<id>."],
  });
}

/** The `Set-Cookie` that forgets them. */
export const FORGET_PERSON = `${NAME}=; Max-Age=0; ${ATTRIBUTES}`;

/** Who has signed in with this browser in the last ten minutes, with what they may do now. */
export async function personOf(sealer: Sealer, cookieHeader: string | null, rules: Rules): Promise<Person | undefined> {
  const cookies = (cookieHeader ?? "").split(";").map((cookie) => cookie.trim());
  const sealed = cookies.find((cookie) => cookie.startsWith(`${NAME}=`))?.slice(NAME.length + 1);
  if (sealed === undefined) return undefined;
  const person = PersonShape.safeParse(await sealer.open(PURPOSE, sealed)).data;
  const homes = person === undefined ? undefined : accessNow(person, rules);
  return person === undefined || homes === undefined ? undefined : { ...person, homes };
}
