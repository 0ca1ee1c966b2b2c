import * as z from "zod";
import type { Caller } from "../contract/caller.ts";
import type { OneTimeSecrets } from "../contract/secrets.ts";
import type { Sealer } from "../lib/crypto.ts";
import { type OneTimeSecretObject, SECRET_MS } from "./one-time-secret.ts";

type Namespace = Pick<DurableObjectNamespace<OneTimeSecretObject>, "getByName">;

/** Where the page of a secret is. */
export const SECRETS_PATH = "/secrets";

/** Who may have a secret: a person, if they have signed in to the home that it is of. */
const ownerOf = (userId: string, homeId: string) => JSON.stringify([userId, homeId]);

/** Someone at a page, with the homes that they have signed in to. */
interface Visitor {
  readonly userId: string;
  readonly homes: Readonly<Record<string, unknown>>;
}

const ownersIn = ({ userId, homes }: Visitor) => Object.keys(homes).map((homeId) => ownerOf(userId, homeId));

/** Sealed for its own object: stored elsewhere it does not open. */
const purposeOf = (id: string) => `one-time-secret:${id}`;

/**
 * Leaves values of a home for the person in whose name a call is made.
 * @param origin where they reach this gateway
 */
export function secretsPort(
  namespace: Namespace,
  sealer: Sealer,
  { userId }: Caller,
  homeId: string,
  origin: string,
): OneTimeSecrets {
  return {
    async keep(label, value) {
      const id = crypto.randomUUID();
      const sealed = await sealer.seal(purposeOf(id), value, SECRET_MS / 1000);
      const put = () => namespace.getByName(id).put({ owner: ownerOf(userId, homeId), label, sealed });
      // What is kept twice is kept: an object that was restarted before it answered is asked again.
      const expiresAt = await put().catch(put);
      return { url: `${origin}${SECRETS_PATH}/${id}`, expires_at: new Date(expiresAt).toISOString() };
    },
  };
}

/** What was left for people, for its page. Everything that cannot be had is `undefined`, whatever the reason. */
export interface LeftSecrets {
  /** What it is, without taking it. */
  label(id: string, visitor: Visitor): Promise<string | undefined>;
  /** Hands it out, once. */
  take(id: string, visitor: Visitor): Promise<{ label: string; value: string } | undefined>;
}

export function leftSecrets(namespace: Namespace, sealer: Sealer): LeftSecrets {
  return {
    label: async (id, visitor) => namespace.getByName(id).peek(ownersIn(visitor)),
    async take(id, visitor) {
      const taken = await namespace.getByName(id).take(ownersIn(visitor));
      if (taken === undefined) return undefined;
      const value = z.string().safeParse(await sealer.open(purposeOf(id), taken.sealed));
      return value.success ? { label: taken.label, value: value.data } : undefined;
    },
  };
}
