import * as z from "zod";
import { signInSettings, type SignInSettings, SignInVariables } from "./auth/providers/settings.ts";
import { addressMistake, type AddressRules } from "./homes/address.ts";
import { DEFAULT_TIMEOUT_MS, DEMO_HOME, type Home, singleHome } from "./homes/home.ts";
import { parseHomes } from "./homes/settings.ts";
import { HomeVariables, optional, refused, unknownVariables } from "./homes/variables.ts";
import { KEY_BYTES } from "./lib/crypto.ts";
import { isLoopback } from "./lib/hosts.ts";
import type { UpstreamLogin } from "./pi/login.ts";

/** Everything that is set from outside, parsed once. */
export interface Config {
  /** The only origin that is served; `undefined`: localhost and *.workers.dev. */
  readonly publicOrigin: string | undefined;
  readonly development: boolean;
  readonly tokenKey: Uint8Array;
  /** The key before it, while what it sealed is still around. */
  readonly previousTokenKey: Uint8Array | undefined;
  readonly homes: readonly Home[];
  /** Whether a person must agree to what cannot be undone. */
  readonly confirm: boolean;
  readonly signIn: SignInSettings;
  /** Whether requests are counted and refused if there are too many. */
  readonly limited: boolean;
  /** Whether nodes must show a client certificate. */
  readonly nodeMtls: boolean;
  /** Opens /metrics, which without it does not exist. */
  readonly metricsToken: string | undefined;
}

/** Mistakes in the configuration, each one readable sentence with the way out. */
export class ConfigError extends Error {
  readonly mistakes: readonly string[];

  constructor(mistakes: readonly string[]) {
    super(mistakes.join("\n"));
    this.name = "ConfigError";
    this.mistakes = mistakes;
  }
}

const parseUrl = (text: string) => (URL.canParse(text) ? new URL(text) : undefined);

const Origin = z.string().refine((text) => {
  const url = parseUrl(text);
  return url?.origin === text && (url.protocol === "https:" || (url.protocol === "http:" && isLoopback(url.hostname)));
}, 'must be an https origin such as "https://pimcp.example.com"');

const Key = z
  .base64({ error: "must be 32 random bytes in base64; make one with: openssl rand -base64 32" })
  .transform((text) => Uint8Array.from(atob(text), (character) => character.charCodeAt(0)))
  .refine((bytes) => bytes.length === KEY_BYTES, "must be 32 bytes; make one with: openssl rand -base64 32");

const Variables = z.object({
  PUBLIC_URL: optional(Origin),
  ENVIRONMENT: z.enum(["development", "production"], { error: 'must be "development" or "production"' }),
  TOKEN_KEY: z.preprocess((value) => value ?? "", Key),
  TOKEN_KEY_PREVIOUS: optional(Key),
  DEMO_HOME: optional(z.literal("on", { error: 'must be "on" or empty' })),
  DEMO_DIALECT: optional(z.enum(["documented", "released"], { error: 'must be "documented" or "released"' })),
  HOMES: optional(z.string()),
  HOME_SECRETS: optional(z.string()),
  ...HomeVariables,
  CONFIRM: optional(z.literal("never", { error: 'must be "never" or empty' })),
  ...SignInVariables,
  METRICS_TOKEN: optional(z.string().min(24, "must have at least 24 characters; make one with: openssl rand -hex 32")),
  LIMITS: optional(z.literal("off", { error: 'must be "off" or empty' })),
  NODE_MTLS: optional(z.literal("required", { error: 'must be "required" or empty' })),
  PI_CONTROLLER_TLS_CA_CERT: refused(
    "a Worker trusts public certificates only; use originRequest.caPool in cloudflared",
  ),
  PI_CONTROLLER_TLS_VERIFY: z.preprocess(
    (value) => (value === "true" ? undefined : value),
    refused("a Worker always verifies; use originRequest.noTLSVerify in cloudflared"),
  ),
});

/** The names of all variables, secrets included. */
export const VARIABLE_NAMES: readonly string[] = Object.keys(Variables.shape);

/** Those of them that are secrets: never in `wrangler.toml`. */
export const SECRET_NAMES: readonly string[] = [
  "TOKEN_KEY",
  "TOKEN_KEY_PREVIOUS",
  "HOME_SECRETS",
  "PI_CONTROLLER_PASSWORD",
  "OIDC_CLIENT_SECRET",
  "GITHUB_CLIENT_SECRET",
  "METRICS_TOKEN",
];

const rulesOf = (variables: {
  ENVIRONMENT: "development" | "production";
  PUBLIC_URL?: string | undefined;
  DEMO_HOME?: "on" | undefined;
}): AddressRules => ({
  development: variables.ENVIRONMENT === "development",
  demo: variables.ENVIRONMENT === "development" || variables.DEMO_HOME === "on",
  publicOrigin: variables.PUBLIC_URL,
});

/** The account that acts when no person is there. */
function serviceOf(variables: z.output<typeof Variables>, mistakes: string[]): UpstreamLogin | undefined {
  const { PI_CONTROLLER_USERNAME: username, PI_CONTROLLER_PASSWORD: password } = variables;
  if (username !== undefined && password !== undefined) return { username, password };
  if (username !== undefined || password !== undefined) {
    mistakes.push("PI_CONTROLLER_USERNAME and PI_CONTROLLER_PASSWORD belong together: set both or neither.");
  }
  return undefined;
}

/** What the seed's single-home variables describe; `undefined` if they are not set. */
function homeOfVariables(variables: z.output<typeof Variables>, mistakes: string[]): Home | undefined {
  const { PI_CONTROLLER_URL, PI_CONTROLLER_TIMEOUT, PI_CONTROLLER_PINS: pins } = variables;
  if (PI_CONTROLLER_URL === undefined) return undefined;
  const mistake = addressMistake(PI_CONTROLLER_URL, rulesOf(variables));
  if (mistake !== undefined) mistakes.push(`PI_CONTROLLER_URL ${mistake}`);
  const timeoutMs = PI_CONTROLLER_TIMEOUT ?? DEFAULT_TIMEOUT_MS;
  return { ...singleHome(new URL(PI_CONTROLLER_URL).origin, timeoutMs, serviceOf(variables, mistakes)), pins };
}

function homesOf(variables: z.output<typeof Variables>, mistakes: string[]): Home[] {
  const { HOMES, HOME_SECRETS } = variables;
  const single = homeOfVariables(variables, mistakes);
  if (HOMES !== undefined) {
    if (single !== undefined) mistakes.push("HOMES and PI_CONTROLLER_URL both describe homes: set one of them.");
    return parseHomes(HOMES, HOME_SECRETS, rulesOf(variables), mistakes);
  }
  if (HOME_SECRETS !== undefined) mistakes.push("HOME_SECRETS belongs to HOMES, which is not set.");
  if (single !== undefined) return [single];
  if (rulesOf(variables).demo) return [DEMO_HOME];
  mistakes.push('There is no home: set HOMES or PI_CONTROLLER_URL, or DEMO_HOME to "on".');
  return [];
}

/**
 * Parses variables and secrets: the only reader of their text.
 * @throws ConfigError with every mistake at once
 */
export function parseConfig(env: Readonly<Record<string, unknown>>): Config {
  const parsed = Variables.safeParse(env);
  if (!parsed.success) {
    const mistakes = parsed.error.issues.map((issue) => `${issue.path.join(".")} ${issue.message}.`);
    // What can be said of the address is said in the same breath, although another variable is wrong.
    const address = Variables.pick({ PI_CONTROLLER_URL: true, ENVIRONMENT: true }).safeParse(env).data;
    const mistake =
      address?.PI_CONTROLLER_URL === undefined
        ? undefined
        : addressMistake(address.PI_CONTROLLER_URL, rulesOf(address));
    throw new ConfigError(mistake === undefined ? mistakes : [...mistakes, `PI_CONTROLLER_URL ${mistake}`]);
  }
  const mistakes = unknownVariables(Object.keys(env), VARIABLE_NAMES, /^(?:PI_CONTROLLER|OIDC)_/);
  const homes = homesOf(parsed.data, mistakes);
  const development = parsed.data.ENVIRONMENT === "development";
  const signIn = signInSettings(parsed.data, { homes, development, mistakes });
  if (parsed.data.LIMITS === "off" && parsed.data.ENVIRONMENT === "production") {
    mistakes.push('LIMITS must be empty in production: "off" is for tests and benchmarks.');
  }
  if (mistakes.length > 0) throw new ConfigError(mistakes);
  return {
    publicOrigin: parsed.data.PUBLIC_URL,
    development,
    tokenKey: parsed.data.TOKEN_KEY,
    previousTokenKey: parsed.data.TOKEN_KEY_PREVIOUS,
    homes,
    limited: parsed.data.LIMITS !== "off",
    nodeMtls: parsed.data.NODE_MTLS === "required",
    metricsToken: parsed.data.METRICS_TOKEN,
    confirm: parsed.data.CONFIRM !== "never",
    signIn,
  };
}
