import type { Sealer } from "../lib/crypto.ts";

/** Lax: a provider or an AI client sends the browser back from another site. */
const ATTRIBUTES = "Path=/; Secure; HttpOnly; SameSite=Lax";

/** Browsers drop a cookie that is larger, its attributes included, without a word. */
const MAX_COOKIE = 4096;

/** A cookie whose value only this gateway can read, and only for one purpose. */
export interface SealedCookie {
  /** The `Set-Cookie` that keeps a value; `undefined` if it is too long for a cookie. */
  keep(sealer: Sealer, value: unknown): Promise<string | undefined>;
  /** The value that a browser has sent, still to be parsed; `undefined` if it sent none that opens. */
  read(sealer: Sealer, header: string | null): Promise<unknown>;
  /** The `Set-Cookie` that forgets it. */
  readonly forget: string;
}

/** @param name begins with `__Host-`: this host only, https only (browsers count localhost as such), no other path */
export function sealedCookie(name: `__Host-${string}`, purpose: string, seconds: number): SealedCookie {
  return {
    async keep(sealer, value) {
      const cookie = `${name}=${await sealer.seal(purpose, value, seconds)}; Max-Age=${seconds}; ${ATTRIBUTES}`;
      return cookie.length > MAX_COOKIE ? undefined : cookie;
    },
    async read(sealer, header) {
      const cookies = (header ?? "").split(";").map((cookie) => cookie.trim());
      const sealed = cookies.find((cookie) => cookie.startsWith(`${name}=`))?.slice(name.length + 1);
      return sealed === undefined ? undefined : sealer.open(purpose, sealed);
    },
    forget: `${name}=; Max-Age=0; ${ATTRIBUTES}`,
  };
}
