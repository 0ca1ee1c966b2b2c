import { log } from "../lib/log.ts";

/** The names of what can be set, to tell how each is. */
export interface Settable {
  readonly variables: readonly string[];
  readonly secrets: readonly string[];
}

/** A mistake in the configuration, and what mends it. */
interface Finding {
  readonly mistake: string;
  readonly mend: readonly string[];
}

function commandFor(name: string, mistake: string, secrets: readonly string[]): string {
  if (mistake.startsWith(`${name} cannot be set here`)) {
    return `take ${name} out of wrangler.toml (npx wrangler secret delete ${name}, if it is a secret), then: npm run deploy`;
  }
  if (secrets.includes(name)) return `npx wrangler secret put ${name}`;
  return `set ${name} under [vars] in wrangler.toml, then: npm run deploy`;
}

/** The names that a sentence speaks of, in its order; of what follows a refusal, only the refused one. */
function namesIn(mistake: string, { variables }: Settable): string[] {
  const [about = ""] = mistake.split(/ cannot be set here|: SIGN_IN has /);
  const words = about.match(/[A-Z][A-Z0-9_]*/g) ?? [];
  return [...new Set(words)].filter((word) => variables.includes(word));
}

function findingOf(mistake: string, settable: Settable): Finding {
  return { mistake, mend: namesIn(mistake, settable).map((name) => commandFor(name, mistake, settable.secrets)) };
}

const WHAT =
  "This gateway is not configured: it serves nothing until what follows is mended. Commands are run in the folder it was " +
  "deployed from, with --env staging for a staging Worker.";

const asText = (findings: readonly Finding[]) =>
  [WHAT, ...findings.map(({ mistake, mend }) => [mistake, ...mend.map((each) => `    ${each}`)].join("\n")), ""].join(
    "\n\n",
  );

/**
 * The answer of a Worker whose configuration cannot be used: what is wrong, with the command that mends it. No value is
 * in it, because the mistakes have none. Text for a browser, JSON for a program.
 */
export function misconfigured(mistakes: readonly string[], settable: Settable, request: Request): Response {
  log("error", "misconfigured", { mistakes: mistakes.join("\n") });
  const findings = mistakes.map((mistake) => findingOf(mistake, settable));
  const init = { status: 503, headers: { "cache-control": "no-store", "x-content-type-options": "nosniff" } };
  if ((request.headers.get("accept") ?? "").includes("text/html")) return new Response(asText(findings), init);
  return Response.json({ error: "misconfigured", message: WHAT, mistakes: findings }, init);
}
