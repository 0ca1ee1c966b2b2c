import * as z from "zod";
import { PIN_NUMBERINGS } from "./home.ts";

/** An unset variable may also be empty: `wrangler.toml` lists them all. */
export const optional = <Schema extends z.ZodType>(schema: Schema) =>
  z.preprocess((value) => (value === "" ? undefined : value), schema.optional());

/** A variable that cannot be honoured: refused, with what does it instead. */
export const refused = (instead: string) => optional(z.never({ error: `cannot be set here: ${instead}` }));

/** The seed's variables for a single home, but for TLS (seed, section 4.2). */
export const HomeVariables = {
  PI_CONTROLLER_URL: optional(z.url({ protocol: /^https?$/, error: 'must be a URL such as "https://pi.example.com"' })),
  PI_CONTROLLER_TIMEOUT: optional(
    z.coerce
      .number({ error: "must be a number of milliseconds" })
      .int()
      .min(1000, "must be at least 1000 (ms)")
      .max(120_000, "must be at most 120000 (ms)"),
  ),
  PI_CONTROLLER_PINS: optional(z.enum(PIN_NUMBERINGS, { error: 'must be "bcm" or "header"' })),
  PI_CONTROLLER_USERNAME: optional(z.string()),
  PI_CONTROLLER_PASSWORD: optional(z.string()),
  PI_CONTROLLER_API_KEY: refused(
    "no pi-controller takes API keys; set PI_CONTROLLER_USERNAME and PI_CONTROLLER_PASSWORD",
  ),
};

/**
 * One sentence for each variable that begins like ours and is none of ours: misspelt, it would be left out in silence,
 * and a home be driven by other rules than its owner wrote down.
 */
export function unknownVariables(names: readonly string[], known: readonly string[], beginning: RegExp): string[] {
  return names
    .filter((name) => beginning.test(name) && !known.includes(name))
    .map((name) => `${name} is not a variable of PiMCP: correct its name, or take it out.`);
}
