import { z } from "zod";
import { StoredAccess } from "../contract/caller.ts";
import type { Sealer } from "../lib/crypto.ts";
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

/** The `Set-Cookie` that remembers, encrypted and for ten minutes, who has signed in. */
export async function rememberPerson(sealer: Sealer, person: Person): Promise<string> {
  return `${NAME}=${await sealer.seal(PURPOSE, person, SECONDS)}; Max-Age=${SECONDS}; ${ATTRIBUTES}`;
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
