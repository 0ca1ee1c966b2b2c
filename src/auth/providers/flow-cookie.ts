import { generateRandomCodeVerifier, generateRandomNonce, generateRandomState } from "oauth4webapi";
import * as z from "zod";
import type { Sealer } from "../../lib/crypto.ts";
import { sealedCookie } from "../cookies.ts";
import type { Bindings, Provider } from "./provider.ts";

/** Long enough to sign in elsewhere. */
const SECONDS = 600;

/** Sealed for one provider: what was begun at one cannot be finished at the other. */
const cookieOf = (provider: Provider["id"]) => sealedCookie("__Host-pimcp-flow", `sign-in-flow:${provider}`, SECONDS);

/** A sign-in that is under way in this browser. */
export interface Flow extends Bindings {
  /** Where to go on afterwards. */
  readonly next: string;
}

const FlowShape = z.object({ state: z.string(), nonce: z.string(), verifier: z.string(), next: z.string() });

/** A new sign-in, bound to nothing but itself. */
export function newFlow(next: string): Flow {
  return { state: generateRandomState(), nonce: generateRandomNonce(), verifier: generateRandomCodeVerifier(), next };
}

/**
 * The `Set-Cookie` that binds a sign-in to this browser, encrypted and for ten minutes: who starts one in somebody
 * else's browser, or brings an answer from their own, cannot finish it there.
 * @returns `undefined` if `next` is too long for a cookie
 */
export function rememberFlow(sealer: Sealer, provider: Provider["id"], flow: Flow): Promise<string | undefined> {
  return cookieOf(provider).keep(sealer, flow);
}

/** The `Set-Cookie` that ends it, whichever provider it was for: an answer is looked at once. */
export const FORGET_FLOW = cookieOf("oidc").forget;

/** The sign-in that is under way in this browser at this provider. */
export async function flowOf(
  sealer: Sealer,
  provider: Provider["id"],
  cookieHeader: string | null,
): Promise<Flow | undefined> {
  return FlowShape.safeParse(await cookieOf(provider).read(sealer, cookieHeader)).data;
}
