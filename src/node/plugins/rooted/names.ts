import { Refusal } from "../../plugin.ts";

/** Names of files and folders that hold secrets; `*` and `?` as in a shell, letters in any case. */
export const SECRET_NAMES = [
  ".ssh",
  ".gnupg",
  ".aws",
  ".azure",
  ".kube",
  ".docker",
  ".env",
  ".env.*",
  "*.env",
  ".netrc",
  ".pgpass",
  ".npmrc",
  ".pypirc",
  ".git-credentials",
  ".*_history",
  ".htpasswd",
  "id_*",
  "*.pem",
  "*.key",
  "*.p12",
  "*.pfx",
  "*.jks",
  "*.kdbx",
  "*kubeconfig*",
  "k3s.yaml",
  "node-token",
  "credentials",
  "credentials.*",
  "secrets.*",
  "shadow",
  "shadow-",
  "gshadow",
  "gshadow-",
];

/** The longest way below a root, in folders. */
export const MAX_DEPTH = 32;

/** As a file system that knows no case, no trailing dots and no invisible signs would see a name. */
const folded = (name: string) =>
  name
    .normalize("NFKC")
    .replace(/\p{Cf}+/gu, "")
    .replace(/[. ]+$/, "")
    .toLowerCase();

/** Whether a whole text fits a pattern with `*` and `?`; takes no more than pattern times text. */
export function fits(pattern: string, text: string): boolean {
  let at = 0;
  let star = -1;
  let resume = 0;
  let index = 0;
  while (index < text.length) {
    if (pattern[at] === "*") {
      star = at;
      at += 1;
      resume = index;
    } else if (pattern[at] === "?" || pattern[at] === text[index]) {
      at += 1;
      index += 1;
    } else if (star >= 0) {
      resume += 1;
      at = star + 1;
      index = resume;
    } else return false;
  }
  return /^\**$/.test(pattern.slice(at));
}

/** As `fits`, in any case. */
export const fitsName = (pattern: string, name: string): boolean => fits(folded(pattern), folded(name));

/** The first of these names that may not be touched, if there is one. */
export function deniedOf(names: readonly string[], deny: readonly string[]): string | undefined {
  return names.find((name) => deny.some((pattern) => fitsName(pattern, name)));
}

/**
 * The parts of a path such as "docs/notes/today.txt".
 * @throws Refusal if it is not written like that
 */
export function partsOf(path: string): readonly [string, ...string[]] {
  const trimmed = path.endsWith("/") ? path.slice(0, -1) : path;
  const [first = "", ...rest] = trimmed.split("/");
  const parts: readonly [string, ...string[]] = [first, ...rest];
  if (parts.length > MAX_DEPTH) throw new Refusal(`The path has more than ${MAX_DEPTH} parts: name a nearer folder.`);
  if (parts.some((part) => part === "" || part === "." || part === ".." || /\p{Cc}/u.test(part))) {
    throw new Refusal(
      `"${path.slice(0, 200)}" is not taken as a path: it begins with the name of a root, as in "docs/notes.txt", and has no leading slash, no empty part and no "..".`,
    );
  }
  return parts;
}
