import { REMOVED, withoutSecrets } from "../lib/secrets.ts";

/** The longest text of a home that is passed on, in characters. */
const MAX_QUOTED = 300;

/**
 * A home's own words, fit to be shown: without what looks like a secret, without control characters,
 * and short.
 * @param known values that must not appear, such as the password just sent
 */
export function redactText(text: string, known: readonly string[] = []): string {
  let clean = text;
  for (const secret of known) if (secret.length >= 4) clean = clean.replaceAll(secret, REMOVED);
  clean = withoutSecrets(clean);
  // Control and direction marks could hide text from the person who reads along.
  clean = clean.replace(/[\p{Cc}\p{Cf}]+/gu, " ").trim();
  return (clean.length > MAX_QUOTED ? `${clean.slice(0, MAX_QUOTED)}…` : clean).toWellFormed();
}
