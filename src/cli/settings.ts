import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import * as z from "zod";
import { type Role, ROLES } from "../contract/role.ts";
import { DEFAULT_TIMEOUT_MS, type Home, singleHome } from "../homes/home.ts";
import { nearMistake } from "../homes/address.ts";
import { HomeVariables, optional, refused, unknownVariables } from "../homes/variables.ts";
import { type Environment, stateFolder } from "../node/folders.ts";
import type { UpstreamLogin } from "../pi/login.ts";
import type { Trust } from "./way.ts";

/** Everything that is set from outside, parsed once. */
export interface Settings {
  readonly home: Home;
  /** The account that it acts as. */
  readonly login: UpstreamLogin;
  /** What the AI may do at most, whatever the account may. */
  readonly level: Role;
  readonly confirm: boolean;
  readonly trust: Trust;
  /** The folder of what is kept. */
  readonly folder: string;
}

/** Mistakes in the settings, each one readable sentence with the way out. */
export class SettingsError extends Error {
  readonly mistakes: readonly string[];

  constructor(mistakes: readonly string[]) {
    super(mistakes.join("\n"));
    this.name = "SettingsError";
    this.mistakes = mistakes;
  }
}

/** What drives pins, and no more: to install, to delete and to issue certificates is a decision of its own. */
const DEFAULT_LEVEL: Role = "operator";

const ONE_HOME =
  "one pimcp serves one home. Give each home an entry of its own in .mcp.json, or run the gateway on Cloudflare";

const Variables = z.object({
  ...HomeVariables,
  PI_CONTROLLER_TLS_CA_CERT: optional(z.string()),
  PI_CONTROLLER_TLS_VERIFY: optional(z.enum(["true", "false"], { error: 'must be "true" or "false"' })),
  CONFIRM: optional(z.literal("never", { error: 'must be "never" or empty' })),
  HOMES: refused(ONE_HOME),
  HOME_SECRETS: refused(ONE_HOME),
  PIMCP_LEVEL: optional(z.enum(ROLES, { error: `must be one of ${ROLES.join(", ")}` })),
  PIMCP_STATE: optional(z.string()),
});

type Variables = z.output<typeof Variables>;

function certificateAt(path: string, mistakes: string[]): string | undefined {
  try {
    const pem = readFileSync(path, "utf8");
    try {
      void new X509Certificate(pem);
      return pem;
    } catch {
      mistakes.push(`PI_CONTROLLER_TLS_CA_CERT must name a file with a certificate in PEM form; "${path}" is none.`);
    }
  } catch {
    mistakes.push(`PI_CONTROLLER_TLS_CA_CERT names the file "${path}", which cannot be read.`);
  }
  return undefined;
}

function trustOf(variables: Variables, isHttps: boolean, mistakes: string[]): Trust {
  const { PI_CONTROLLER_TLS_CA_CERT: path } = variables;
  const verify = variables.PI_CONTROLLER_TLS_VERIFY !== "false";
  if (path === undefined) return { ca: undefined, verify };
  if (!verify) {
    mistakes.push("PI_CONTROLLER_TLS_CA_CERT has no meaning while PI_CONTROLLER_TLS_VERIFY is false: set one of them.");
  }
  if (!isHttps) mistakes.push("PI_CONTROLLER_TLS_CA_CERT has no meaning, because PI_CONTROLLER_URL is not https.");
  return { ca: certificateAt(path, mistakes), verify };
}

function needed(name: string, value: string | undefined, what: string, mistakes: string[]): string {
  if (value === undefined) mistakes.push(`${name} is not set: ${what}`);
  return value ?? "";
}

/**
 * Parses the environment of the process.
 * @throws SettingsError with every mistake at once
 */
export function parseSettings(env: Environment, platform: NodeJS.Platform = process.platform): Settings {
  const parsed = Variables.safeParse(env);
  if (!parsed.success) {
    throw new SettingsError(parsed.error.issues.map(({ path, message }) => `${path.join(".")} ${message}.`));
  }
  const mistakes = unknownVariables(Object.keys(env), Object.keys(Variables.shape), /^(?:PI_CONTROLLER|PIMCP)_/);
  const variables = parsed.data;
  const url = needed(
    "PI_CONTROLLER_URL",
    variables.PI_CONTROLLER_URL,
    "the address of your home's pi-controller, such as http://pi-controller.local:8080",
    mistakes,
  );
  const mistake = url === "" ? undefined : nearMistake(url);
  if (mistake !== undefined) mistakes.push(`PI_CONTROLLER_URL ${mistake}`);
  const username = needed(
    "PI_CONTROLLER_USERNAME",
    variables.PI_CONTROLLER_USERNAME,
    "the account to act as.",
    mistakes,
  );
  const password = needed(
    "PI_CONTROLLER_PASSWORD",
    variables.PI_CONTROLLER_PASSWORD,
    "that account's password.",
    mistakes,
  );
  const trust = trustOf(variables, url === "" || url.startsWith("https:"), mistakes);
  if (mistakes.length > 0) throw new SettingsError(mistakes);
  const login = { username, password };
  const timeoutMs = variables.PI_CONTROLLER_TIMEOUT ?? DEFAULT_TIMEOUT_MS;
  return {
    home: { ...singleHome(new URL(url).origin, timeoutMs, login), pins: variables.PI_CONTROLLER_PINS },
    login,
    level: variables.PIMCP_LEVEL ?? DEFAULT_LEVEL,
    confirm: variables.CONFIRM !== "never",
    trust,
    folder: variables.PIMCP_STATE ?? stateFolder(env, platform),
  };
}
