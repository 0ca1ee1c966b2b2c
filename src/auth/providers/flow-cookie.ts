import { generateRandomCodeVerifier, generateRandomNonce, generateRandomState } from "oauth4webapi";
import { z } from "zod";
import type { Sealer } from "../../lib/crypto.ts";
import type { Bindings, Provider } from "./provider.ts";

/** `__Host-`: this host only, https only (browsers count localhost as such), no other path. */
const NAME = "__Host-pimcp-flow";

/** Long enough to sign in elsewhere. */
const SECONDS = 600;

/** Browsers drop a cookie that is larger, its attributes included. */
const MAX_COOKIE = 4096;

/** Sealed for one provider: what was begun at one cannot be finished at the other. */
const purposeOf = (provider: Provider["id"]) => `sign-in-flow:${provider}`;

/** A sign-in that is under way in this browser. */
export interface Flow extends Bindings {
  /** Where to go on afterwards. */
  readonly next: string;
}

const FlowShape = z.object({ state: z.string(), nonce: z.string(), verifier: z.string(), next: z.string() });

// Lax: the provider sends the browser back from another site.
const ATTRIBUTES = "Path=/; Secure; HttpOnly; SameSite=Lax";

/** A new sign-in, bound to nothing but itself. */
export function newFlow(next: string): Flow {
  return { state: generateRandomState(), nonce: generateRandomNonce(), verifier: generateRandomCodeVerifier(), next };
}

/**
 * The `Set-Cookie` that binds a sign-in to this browser, encrypted and for ten minutes: who starts one in somebody
 * else's browser, or brings an answer from their own, cannot finish it there.
 * @returns `undefined` if `next` is too long for a cookie
 */
export async function rememberFlow(sealer: Sealer, provider: Provider["id"], flow: Flow): Promise<string | undefined> {
  const cookie = `${NAME}=${await sealer.seal(purposeOf(provider), flow, SECONDS)}; Max-Age=${SECONDS}; ${ATTRIBUTES}`;
  return cookie.length > MAX_COOKIE ? undefined : cookie;
}

/** The `Set-Cookie` that ends it: an answer is looked at once. */
export const FORGET_FLOW = `${NAME}=; Max-Age=0; ${ATTRIBUTES}`;

/** The sign-in that is under way in this browser at this provider. */
export async function flowOf(
  sealer: Sealer,
  provider: Provider["id"],
  cookieHeader: string | null,
): Promise<Flow | undefined> {
  const cookies = (cookieHeader ?? "").split(";").map((cookie) => cookie.trim());
  const sealed = cookies.find((cookie) => cookie.startsWith(`${NAME}=`))?.slice(NAME.length + 1);
  if (sealed === undefined) return undefined;
  return FlowShape.safeParse(await sealer.open(purposeOf(provider), sealed)).data;
}
