import type { Caller } from "../contract/caller.ts";
import { createSigner } from "../lib/crypto.ts";

/** The session ids of 2025-era clients. Each shows by itself that it was given out here, and to whom. */
export interface SessionIds {
  give(caller: Caller): Promise<string>;
  /** Whether an id was given to this person's client: others must not lead to an object, which would be stored. */
  isOf(caller: Caller, id: string): Promise<boolean>;
}

/** A UUID and its signature. */
const FORM = /^([0-9a-f-]{36})\.([\w-]{43})$/;

const signed = ({ userId, clientId }: Caller, uuid: string) => JSON.stringify([userId, clientId, uuid]);

/** @param key `TOKEN_KEY` */
export function sessionIds(key: Uint8Array): SessionIds {
  const signer = createSigner(key, "mcp-session-id");
  return {
    async give(caller) {
      const uuid = crypto.randomUUID();
      return `${uuid}.${await signer.sign(signed(caller, uuid))}`;
    },
    async isOf(caller, id) {
      const [, uuid, signature] = FORM.exec(id) ?? [];
      return uuid !== undefined && signature !== undefined && signer.verify(signed(caller, uuid), signature);
    },
  };
}
