import { z } from "zod";
import { ROLES } from "../contract/role.ts";
import type { Sealer } from "../lib/crypto.ts";
import type { Person } from "./sign-in.ts";

/** `__Host-`: this host only, https only (browsers count localhost as such), no other path. */
const NAME = "__Host-pimcp-person";

/** Long enough to read a consent page; nothing else uses it. */
const SECONDS = 600;

const PURPOSE = "sign-in-cookie";

const PersonShape = z.object({
  userId: z.string(),
  userName: z.string(),
  homeId: z.string(),
  role: z.enum(ROLES),
  login: z.object({ username: z.string(), password: z.string() }),
});

const ATTRIBUTES = "Path=/; Secure; HttpOnly; SameSite=Lax";

/** The `Set-Cookie` that remembers, encrypted and for ten minutes, who has signed in. */
export async function rememberPerson(sealer: Sealer, person: Person): Promise<string> {
  return `${NAME}=${await sealer.seal(PURPOSE, person, SECONDS)}; Max-Age=${SECONDS}; ${ATTRIBUTES}`;
}

/** The `Set-Cookie` that forgets them. */
export const FORGET_PERSON = `${NAME}=; Max-Age=0; ${ATTRIBUTES}`;

/** Who has signed in with this browser in the last ten minutes. */
export async function personOf(sealer: Sealer, cookieHeader: string | null): Promise<Person | undefined> {
  const cookies = (cookieHeader ?? "").split(";").map((cookie) => cookie.trim());
  const sealed = cookies.find((cookie) => cookie.startsWith(`${NAME}=`))?.slice(NAME.length + 1);
  if (sealed === undefined) return undefined;
  return PersonShape.safeParse(await sealer.open(PURPOSE, sealed)).data;
}
