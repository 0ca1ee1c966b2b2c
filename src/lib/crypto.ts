import { base64url, EncryptJWT, jwtDecrypt } from "jose";

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
  /**
   * Names that stand for a text and do not show it, in hexadecimal: that of the present key first, then that of the
   * previous one, if there is one.
   */
  marks(purpose: string, text: string): Promise<readonly string[]>;
}

/**
 * A sealer of JWE tokens (`dir`, A256GCM). The purpose is the audience, so that what was sealed for one
 * place cannot be carried to another.
 * @param key 32 bytes
 * @param previous the key before it: opens what it sealed, and seals nothing
 */
export function createSealer(key: Uint8Array, previous?: Uint8Array): Sealer {
  const keys = previous === undefined ? [key] : [key, previous];
  return {
    seal: (purpose, value, seconds) =>
      new EncryptJWT({ value })
        .setProtectedHeader({ alg: "dir", enc: "A256GCM" })
        .setIssuer(ISSUER)
        .setAudience(purpose)
        .setExpirationTime(Math.floor(Date.now() / 1000) + Math.ceil(seconds))
        .encrypt(key),
    async open(purpose, sealed) {
      for (const each of keys) {
        const opened = await openWith(each, purpose, sealed);
        if (opened !== undefined) return opened.value;
      }
      return undefined;
    },
    marks: (purpose, text) => Promise.all(keys.map((each) => markWith(each, purpose, text))),
  };
}

async function openWith(key: Uint8Array, purpose: string, sealed: string): Promise<{ value: unknown } | undefined> {
  try {
    const { payload } = await jwtDecrypt(sealed, key, { issuer: ISSUER, audience: purpose });
    return { value: payload["value"] };
  } catch {
    return undefined;
  }
}

const bytesOf = (text: string) => new TextEncoder().encode(text);

/** A key for HMAC-SHA-256, derived (HKDF) so that what it signs for one use holds for no other. */
async function hmacKeyOf(key: Uint8Array, use: string): Promise<CryptoKey> {
  const root = await crypto.subtle.importKey("raw", Uint8Array.from(key), "HKDF", false, ["deriveKey"]);
  const hkdf = { name: "HKDF", hash: "SHA-256", salt: new Uint8Array(), info: bytesOf(use) };
  const hmac = { name: "HMAC", hash: "SHA-256", length: KEY_BYTES * 8 };
  return crypto.subtle.deriveKey(hkdf, root, hmac, false, ["sign", "verify"]);
}

/** HMAC-SHA-256 under a key of its own, derived for marks alone: the sealing key serves one algorithm. */
async function markWith(key: Uint8Array, purpose: string, text: string): Promise<string> {
  const derived = await hmacKeyOf(key, "pimcp marks");
  return hexOf(await crypto.subtle.sign("HMAC", derived, bytesOf(JSON.stringify([purpose, text]))));
}

/** The two digits of each byte. */
const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

function hexOf(bytes: ArrayBuffer): string {
  return Array.from(new Uint8Array(bytes), (byte) => HEX[byte]).join("");
}

/** Whether two texts are the same, in a time that tells nothing of how far they are. */
export async function sameText(a: string, b: string): Promise<boolean> {
  const [one, other] = await Promise.all([sha256Hex(a), sha256Hex(b)]);
  let difference = 0;
  for (let index = 0; index < one.length; index += 1) difference |= one.charCodeAt(index) ^ other.charCodeAt(index);
  return difference === 0;
}

/** SHA-256 of a text, in hexadecimal. */
export async function sha256Hex(text: string): Promise<string> {
  return hexOf(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));
}

/** Signs short texts for one purpose, so that they are known again without being stored. */
export interface Signer {
  /** HMAC-SHA-256, in base64url: 43 characters. */
  sign(text: string): Promise<string>;
  /** @param signature base64url; what is none throws */
  verify(text: string, signature: string): Promise<boolean>;
}

/**
 * A signer under a key of its own, derived from `key` (HKDF), so that what is signed for one purpose holds for no other.
 * @param key 32 bytes
 */
export function createSigner(key: Uint8Array, purpose: string): Signer {
  let known: CryptoKey | undefined;
  // The key is kept, and no promise of it: that must not be awaited by another request.
  const derived = async () => (known ??= await hmacKeyOf(key, `${ISSUER}:${purpose}`));
  return {
    sign: async (text) =>
      base64url.encode(new Uint8Array(await crypto.subtle.sign("HMAC", await derived(), bytesOf(text)))),
    async verify(text, signature) {
      const bytes = Uint8Array.from(base64url.decode(signature));
      return crypto.subtle.verify("HMAC", await derived(), bytes, bytesOf(text));
    },
  };
}
