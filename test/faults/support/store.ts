import { env } from "cloudflare:workers";
import { z } from "zod";

/** The part of a key-value store that is used here. */
interface Store {
  get: (this: unknown, key: string) => Promise<string | null>;
  put: (this: unknown, key: string, value: string) => Promise<void>;
}

/** What all bindings to key-value stores are made of: what fails here fails for each of them. */
export const everyStore = z.custom<Store>().parse(Object.getPrototypeOf(env.TOKEN_CACHE));
