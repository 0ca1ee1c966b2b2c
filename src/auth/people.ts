import { parsedJson } from "../lib/json.ts";
import * as z from "zod";
import { type Role, ROLES } from "../contract/role.ts";
import type { Home } from "../homes/home.ts";

/** Who may sign in by a provider: by their name in PEOPLE, the role that they have at each home. */
export type People = ReadonlyMap<string, Readonly<Record<string, Role>>>;

/** A list of people and the mistakes in it, each one readable sentence. */
export interface ParsedPeople {
  readonly people: People;
  readonly mistakes: readonly string[];
}

const EXAMPLE = 'such as {"anna@example.com":{"home":"admin"},"github:octocat":{"home":"viewer"}}';

/** Plain ASCII, so that no other letter can be lower-cased into one of the list's. */
const Email = z
  .email()
  .max(254)
  .transform((text) => text.toLowerCase());

/** GitHub's own rule for account names. */
const GithubName = z
  .string()
  .regex(/^github:[a-z\d](?:-?[a-z\d])*$/i)
  .max("github:".length + 39)
  .transform((text) => text.toLowerCase());

const Name = z.union([Email, GithubName]);

/** An e-mail address as PEOPLE names it; `undefined` if it is none. */
export function emailName(email: unknown): string | undefined {
  return Email.safeParse(email).data;
}

/** A GitHub account as PEOPLE names it; `undefined` if that cannot be one. */
export function githubName(login: unknown): string | undefined {
  return typeof login === "string" ? GithubName.safeParse(`github:${login}`).data : undefined;
}

const isRole = (value: unknown): value is Role => ROLES.some((role) => role === value);
const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** What is wrong with one home of one person; the sentence goes on after the person's entry. */
function mistakeOf(homeId: string, role: unknown, homes: readonly Home[]): string | undefined {
  const home = homes.find(({ id }) => id === homeId);
  if (home === undefined) {
    const known = homes.map(({ id }) => `"${id}"`).join(", ");
    return `names the home "${homeId}", which there is not; the homes are ${known}.`;
  }
  if (!isRole(role)) return `has no known role at "${homeId}"; the roles are ${ROLES.join(", ")}.`;
  if (home.service === undefined) {
    return `names the home "${homeId}", which has no service account to act with; set its user name and password.`;
  }
  return undefined;
}

/** What is wrong with one entry. */
function mistakesOf(name: string | undefined, given: unknown, people: People, homes: readonly Home[]): string[] {
  if (name === undefined) return ['is neither an e-mail address nor "github:" and an account name.'];
  if (people.has(name)) return ["is somebody who has an entry already; capitals do not count."];
  if (!isRecord(given) || Object.keys(given).length === 0)
    return ['needs homes with roles, such as {"home":"viewer"}.'];
  return Object.entries(given).flatMap(([homeId, role]) => mistakeOf(homeId, role, homes) ?? []);
}

/**
 * Parses PEOPLE, a JSON object of objects: verified e-mail address or `github:<account>` → home id → role.
 * Mistakes name an entry by its place: they are shown to whoever calls a gateway that is not configured.
 * @param homes those that are configured
 */
export function parsePeople(text: string, homes: readonly Home[]): ParsedPeople {
  const listed = parsedJson(text);
  if (!isRecord(listed)) return { people: new Map(), mistakes: [`PEOPLE must be JSON ${EXAMPLE}.`] };
  const people = new Map<string, Record<string, Role>>();
  const mistakes = Object.entries(listed).flatMap(([who, given], index) => {
    const name = Name.safeParse(who).data;
    const wrong = mistakesOf(name, given, people, homes);
    if (name !== undefined && isRecord(given)) {
      const roles = Object.entries(given).flatMap(([id, role]) => (isRole(role) ? [[id, role] as const] : []));
      people.set(name, Object.fromEntries(roles));
    }
    return wrong.map((mistake) => `PEOPLE: entry ${index + 1} ${mistake}`);
  });
  return { people, mistakes };
}

/**
 * The homes of someone, by the first of their names that is listed.
 * @returns none for somebody who is not listed
 */
export function rolesOf(people: People, names: readonly string[]): Readonly<Record<string, Role>> {
  const listed = names.find((name) => people.has(name));
  return (listed === undefined ? undefined : people.get(listed)) ?? {};
}
