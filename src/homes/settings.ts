import * as z from "zod";
import { parsedJson } from "../lib/json.ts";
import { ALL_HOMES } from "../contract/context.ts";
import { addressMistake, type AddressRules, boundAddressMistake } from "./address.ts";
import { DEFAULT_TIMEOUT_MS, DEMO_URL, type Home, PIN_NUMBERINGS, REACHES } from "./home.ts";
import { BindingName, k3sMistakes, k3sOf, K3sSetting, K3sTokens } from "./k3s-settings.ts";

/** At most so many clusters of a home. */
const MAX_CLUSTERS = 50;

const HomeSetting = z
  .strictObject({
    id: z.string().regex(/^[a-z][a-z0-9-]{0,31}$/, "must be 1 to 32 lower-case letters, digits and hyphens"),
    name: z
      .string()
      .min(1)
      .max(60)
      .regex(/^[^"\p{C}]*$/u, "must be plain text without quotation marks")
      .optional(),
    url: z.url({ protocol: /^https?$/, error: 'must be a URL such as "https://pi.example.com"' }).optional(),
    reach: z.enum(REACHES, { error: `must be one of ${REACHES.join(", ")}` }).default("public"),
    binding: BindingName.optional(),
    username: z.string().min(1).max(255).optional(),
    timeout: z
      .number({ error: "must be a number of milliseconds" })
      .int("must be a number of milliseconds")
      .min(1000, "must be at least 1000 (ms)")
      .max(120_000, "must be at most 120000 (ms)")
      .default(DEFAULT_TIMEOUT_MS),
    pins: z.enum(PIN_NUMBERINGS, { error: `must be one of ${PIN_NUMBERINGS.join(", ")}` }).optional(),
    k3s: z.array(K3sSetting).min(1, "must name a cluster, or be left out").max(MAX_CLUSTERS).optional(),
  })
  .refine(({ id }) => id !== ALL_HOMES, { path: ["id"], error: `must not be "${ALL_HOMES}"` });

const Secrets = z.strictObject({
  password: z.string().min(1).max(255).optional(),
  access_client_id: z.string().min(1).max(255).optional(),
  access_client_secret: z.string().min(1).max(255).optional(),
  k3s_tokens: K3sTokens.optional(),
});

type HomeSetting = z.output<typeof HomeSetting>;
type Secrets = z.output<typeof Secrets>;

/** At most so many homes: each is asked in turn when all are looked at. */
const MAX_HOMES = 50;

function demoMistakes(url: string | undefined, { demo }: AddressRules): string[] {
  if (url !== undefined) return ['url has no meaning with reach "demo".'];
  return demo ? [] : ['a demo home, whose passwords everybody knows, needs DEMO_HOME to be "on" in production.'];
}

function urlMistakes({ reach, url }: HomeSetting, rules: AddressRules): string[] {
  if (reach === "demo") return demoMistakes(url, rules);
  if (url === undefined) return ["url is missing: the address of its pi-controller."];
  // Behind a Workers VPC binding is a private network: any host, http too.
  const mistake = reach === "vpc" ? boundAddressMistake(url) : addressMistake(url, rules);
  return mistake === undefined ? [] : [`url ${mistake}`];
}

function bindingMistakes({ reach, binding }: HomeSetting): string[] {
  const needed = reach === "vpc" || reach === "mtls";
  if (needed === (binding !== undefined)) return [];
  return [
    needed ? `binding is missing, which reach "${reach}" needs.` : `binding has no meaning with reach "${reach}".`,
  ];
}

function tokenMistakes({ reach }: HomeSetting, secrets: Secrets): string[] {
  const parts = [secrets.access_client_id, secrets.access_client_secret].filter((part) => part !== undefined).length;
  if (reach === "access") {
    if (parts === 2) return [];
    return ['needs access_client_id and access_client_secret in HOME_SECRETS: its reach is "access".'];
  }
  return parts === 0 ? [] : [`has an Access service token in HOME_SECRETS, but its reach is "${reach}", not "access".`];
}

function accountMistakes({ username }: HomeSetting, { password }: Secrets): string[] {
  if (username !== undefined && password === undefined) return ["has a username but no password in HOME_SECRETS."];
  if (username === undefined && password !== undefined) return ["has a password in HOME_SECRETS but no username."];
  return [];
}

function homeOf(setting: HomeSetting, secrets: Secrets): Home {
  const { id, name = id, url, reach, binding, timeout, username, pins, k3s } = setting;
  const { password, access_client_id: clientId, access_client_secret: clientSecret } = secrets;
  return {
    id,
    name,
    url: url === undefined ? DEMO_URL : new URL(url).origin,
    reach,
    timeoutMs: timeout,
    ...(pins === undefined ? {} : { pins }),
    ...(binding === undefined ? {} : { binding }),
    ...(k3s === undefined ? {} : { k3s: k3sOf(k3s, secrets.k3s_tokens) }),
    ...(clientId === undefined || clientSecret === undefined ? {} : { serviceToken: { clientId, clientSecret } }),
    ...(username === undefined || password === undefined ? {} : { service: { username, password } }),
  };
}

function parseJson(variable: string, text: string, mistakes: string[]): unknown {
  const json = parsedJson(text);
  if (json === undefined) mistakes.push(`${variable} must be JSON; what is there cannot be read as such.`);
  return json;
}

/** "home "cottage"" if it says so itself, else "entry 2". */
function entryName(entry: unknown, index: number): string {
  const id = typeof entry === "object" && entry !== null && "id" in entry ? entry.id : undefined;
  return typeof id === "string" ? `home "${id.slice(0, 32)}"` : `entry ${index + 1}`;
}

function issueOf({ path, message, ...issue }: z.core.$ZodIssue): string {
  if (issue.code === "unrecognized_keys") return `has an unknown field "${issue.keys.join('", "')}".`;
  const missing = issue.code === "invalid_type" && issue.input === undefined;
  return `${path.join(".")} ${missing ? "is missing" : message.replace(/\.$/, "")}.`;
}

function secretsOf(text: string | undefined, mistakes: string[]): Map<string, Secrets> {
  const parsed = text === undefined ? {} : parseJson("HOME_SECRETS", text, mistakes);
  if (parsed === undefined) return new Map();
  const shape = z.record(z.string(), z.unknown()).safeParse(parsed);
  if (!shape.success) {
    mistakes.push('HOME_SECRETS must be an object by home id, such as {"cottage":{"password":"…"}}.');
    return new Map();
  }
  return new Map(
    Object.entries(shape.data).flatMap(([id, value]) => {
      const secrets = Secrets.safeParse(value);
      if (secrets.success) return [[id, secrets.data] as const];
      // Only the field is told: the value is a secret.
      const fields = secrets.error.issues.map(({ path, ...issue }) =>
        issue.code === "unrecognized_keys"
          ? `unknown field "${issue.keys.join('", "')}"`
          : `${path.join(".")} does not fit`,
      );
      mistakes.push(`HOME_SECRETS: home "${id}": ${fields.join("; ")}.`);
      return [];
    }),
  );
}

/**
 * The homes of `HOMES` with their `HOME_SECRETS`.
 * @param mistakes one sentence is added for each mistake; none shows a secret
 */
export function parseHomes(
  homes: string,
  secrets: string | undefined,
  rules: AddressRules,
  mistakes: string[],
): Home[] {
  const secretsById = secretsOf(secrets, mistakes);
  const parsed = parseJson("HOMES", homes, mistakes);
  if (parsed === undefined) return [];
  const entries = z.array(z.unknown()).min(1).max(MAX_HOMES).safeParse(parsed);
  if (!entries.success) {
    mistakes.push(
      `HOMES must be a list of 1 to ${MAX_HOMES} homes, such as [{"id":"cottage","url":"https://pi.example.com"}].`,
    );
    return [];
  }
  const seen = new Set<string>();
  const named = new Set<string>();
  const found = entries.data.flatMap((entry, index) => {
    const about = `HOMES: ${entryName(entry, index)}`;
    const setting = HomeSetting.safeParse(entry, { reportInput: true });
    named.add(entryName(entry, index));
    if (!setting.success) {
      mistakes.push(...setting.error.issues.map((issue) => `${about}: ${issueOf(issue)}`));
      return [];
    }
    const { id } = setting.data;
    const own = secretsById.get(id) ?? {};
    const more = [
      ...urlMistakes(setting.data, rules),
      ...bindingMistakes(setting.data),
      ...tokenMistakes(setting.data, own),
      ...accountMistakes(setting.data, own),
      ...k3sMistakes(setting.data, own.k3s_tokens, rules),
    ];
    if (seen.has(id)) more.push("is there twice: ids are unique.");
    seen.add(id);
    mistakes.push(...more.map((mistake) => `${about}: ${mistake}`));
    return [homeOf(setting.data, own)];
  });
  for (const id of secretsById.keys()) {
    if (!named.has(`home "${id}"`)) mistakes.push(`HOME_SECRETS names the home "${id}", which HOMES does not have.`);
  }
  return found;
}
