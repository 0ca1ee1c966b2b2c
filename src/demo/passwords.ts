const ITERATIONS = 10_000;
const SALT_BYTES = 16;
const HASH_BITS = 256;

/** Bytes as hexadecimal digits. */
export function toHex(bytes: Uint8Array): string {
  return bytes.reduce((hex, byte) => hex + byte.toString(16).padStart(2, "0"), "");
}

/** Bytes of hexadecimal digits. */
export function fromHex(hex: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

/** Random bytes, as hexadecimal digits. */
export function randomHex(bytes: number): string {
  return toHex(crypto.getRandomValues(new Uint8Array(bytes)));
}

/** Hashes a password with PBKDF2 into `salt:hash`. */
export async function hashPassword(password: string, salt = randomHex(SALT_BYTES)): Promise<string> {
  const key = await crypto.subtle.importKey("raw", new TextEncoder().encode(password), "PBKDF2", false, ["deriveBits"]);
  const settings = { name: "PBKDF2", hash: "SHA-256", salt: fromHex(salt), iterations: ITERATIONS };
  const bits = await crypto.subtle.deriveBits(settings, key, HASH_BITS);
  return `${salt}:${toHex(new Uint8Array(bits))}`;
}

/** Whether a password is the one that was hashed. */
export async function isPassword(password: string, hashed: string): Promise<boolean> {
  const [salt = ""] = hashed.split(":");
  return (await hashPassword(password, salt)) === hashed;
}
