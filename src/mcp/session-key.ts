import type { Caller } from "../contract/caller.ts";
import { sha256Hex } from "../lib/crypto.ts";

/** What a client may send as a session id: visible ASCII, and no longer than any of ours. */
const SESSION_ID = /^[\x21-\x7e]{1,128}$/;

/** Whether a session id is one that could ever have been given out. */
export function isSessionId(id: string): boolean {
  return SESSION_ID.test(id);
}

/**
 * The name of the session's object. User and client are part of it, so that a stolen session id leads its
 * thief to an empty session of their own; without an id the connection made at consent takes its place.
 */
export function sessionKey(caller: Caller, sessionId: string | undefined): Promise<string> {
  const last = sessionId === undefined ? ["connection", caller.connectionId] : ["session", sessionId];
  return sha256Hex(JSON.stringify([caller.userId, caller.clientId, ...last]));
}
