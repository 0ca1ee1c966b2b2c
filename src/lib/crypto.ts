import { EncryptJWT, jwtDecrypt } from "jose";

const ISSUER = "pimcp";

/** Length of `TOKEN_KEY` in bytes: AES-256. */
export const KEY_BYTES = 32;

/** Encrypts small values so that they can be left with KV or a browser. */
export interface Sealer {
  /**
   * Encrypts a JSON value for one purpose.
   * @param seconds how long it stays readable
   */
  seal(purpose: string, value: unknown, seconds: number): Promise<string>;
  /** The value, or `undefined` if it was altered, has expired, or was sealed for another purpose or with another key. */
  open(purpose: string, sealed: string): Promise<unknown>;
}

/**
 * A sealer of JWE tokens (`dir`, A256GCM). The purpose is the audience, so that what was sealed for one
 * place cannot be carried to another.
 * @param key 32 bytes
 */
export function createSealer(key: Uint8Array): Sealer {
  return {
    seal: (purpose, value, seconds) =>
      new EncryptJWT({ value })
        .setProtectedHeader({ alg: "dir", enc: "A256GCM" })
        .setIssuer(ISSUER)
        .setAudience(purpose)
        .setExpirationTime(Math.floor(Date.now() / 1000) + Math.ceil(seconds))
        .encrypt(key),
    async open(purpose, sealed) {
      try {
        const { payload } = await jwtDecrypt(sealed, key, { issuer: ISSUER, audience: purpose });
        return payload["value"];
      } catch {
        return undefined;
      }
    },
  };
}

/** SHA-256 of a text, in hexadecimal. */
export async function sha256Hex(text: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return new Uint8Array(digest).reduce((hex, byte) => hex + byte.toString(16).padStart(2, "0"), "");
}
