const REMOVED = "[removed]";

/** What secrets of this world look like, wherever they turn up in a sentence. */
const SECRET_SHAPES: readonly RegExp[] = [
  // Private keys, certificates' keys and the like (RFC 7468).
  /-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(-----END [A-Z ]*PRIVATE KEY-----|$)/g,
  // K3s join tokens: K10<ca hash>::<user>:<password>.
  /K10[0-9a-f]{16,}::[^\s"']+/gi,
  // JSON Web Tokens, also cut off; nothing must follow, so that a long text takes no long time.
  /eyJ[\w-]{8,}[\w.-]*/g,
  // A kubeconfig's inline credentials.
  /(client-key-data|client-certificate-data|certificate-authority-data):\s*\S+/gi,
  // "password=…", "api_key: …", "token: …", `"cluster_token": "…"`.
  /(pass(?:word|wd|phrase)?|secret|(?:api|private)[_-]?key|token)["']?\s*[=:]\s*("[^"]*"?|'[^']*'?|[^\s,;"']+)/gi,
];

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
  for (const shape of SECRET_SHAPES) clean = clean.replace(shape, REMOVED);
  // Control and direction marks could hide text from the person who reads along.
  clean = clean.replace(/[\p{Cc}\p{Cf}]+/gu, " ").trim();
  return (clean.length > MAX_QUOTED ? `${clean.slice(0, MAX_QUOTED)}…` : clean).toWellFormed();
}
