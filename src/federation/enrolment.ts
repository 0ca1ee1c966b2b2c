import { base64url } from "jose";
import { sha256Hex } from "../lib/crypto.ts";

/** A token from the owner's page adopts one node within this long, in milliseconds. */
export const ENROLMENT_MS = 60 * 60 * 1000;

/** So that a person, or a scanner of secrets, knows what it is. */
const PREFIX = "pimcp-enrol-";
const BYTES = 24;

/** Signs that nobody takes for another: no 0, 1, I or O. A power of two of them. */
const SIGNS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ";
const HALF = 4;

/** A new token, which cannot be guessed. */
export const newEnrolment = () => PREFIX + base64url.encode(crypto.getRandomValues(new Uint8Array(BYTES)));

/** What is kept of one. */
export const enrolmentHash = (token: string) => sha256Hex(`enrolment ${token}`);

/** A new code to compare, such as "K7QX-4MPD". */
export function newCode(): string {
  const signs = [...crypto.getRandomValues(new Uint8Array(2 * HALF))].map((byte) => SIGNS[byte % SIGNS.length]);
  return `${signs.slice(0, HALF).join("")}-${signs.slice(HALF).join("")}`;
}
