/** What stands where a secret stood. */
export const REMOVED = "[removed]";

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
  // "Authorization: Basic …", and bearer tokens wherever they are.
  /\b(?:authorization["']?\s*[=:]\s*["']?\w{1,20}\s+[\w+/=.~-]{4,}|bearer\s+[\w+/=.~-]{20,})/gi,
  // Names and passwords in addresses; nothing must follow that is far away.
  /(?<=:\/\/)[^\s/@:]{0,200}:[^\s/@]{1,200}@/g,
  // Ids of AWS access keys.
  /\b(?:AKIA|ASIA)[0-9A-Z]{16}\b/g,
];

/** A text without what looks like a secret. */
export function withoutSecrets(text: string): string {
  return SECRET_SHAPES.reduce((clean, shape) => clean.replace(shape, REMOVED), text);
}
