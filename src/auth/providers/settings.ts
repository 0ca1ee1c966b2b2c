import * as z from "zod";
import { optional } from "../../homes/variables.ts";
import type { Home } from "../../homes/home.ts";
import { parsePeople, type People } from "../people.ts";
import { PI_CONTROLLER } from "../standing.ts";
import { isAllowed } from "./outgoing.ts";

/** What is needed for an OpenID Connect issuer. */
export interface OidcSettings {
  readonly kind: "oidc";
  /** Exactly as the issuer writes itself. */
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** What people call it. */
  readonly name: string;
  /** Whether an e-mail address counts as verified if the issuer does not say whether it is. */
  readonly trustEmail: boolean;
}

/** What is needed for a GitHub OAuth app. */
export interface GithubSettings {
  readonly kind: "github";
  readonly clientId: string;
  readonly clientSecret: string;
}

/** How people sign in. */
export interface SignInSettings {
  /** Whether the account at a home's pi-controller opens the door. */
  readonly accounts: boolean;
  /** In the order in which they are offered. */
  readonly providers: readonly (OidcSettings | GithubSettings)[];
  /** Who may come in by a provider. */
  readonly people: People;
}

const WAYS = [PI_CONTROLLER, "oidc", "github"] as const;
type Way = (typeof WAYS)[number];

/** User ids of providers start with these: a home of that name would share them. */
const TAKEN_IDS = new Set(["oidc", "github"]);

const wayOf = (text: string) => WAYS.find((way) => way === text.trim());

const Ways = z
  .string()
  .refine((text) => text.split(",").every((each) => wayOf(each) !== undefined), {
    error: `must be a list of ${WAYS.map((way) => `"${way}"`).join(", ")}, such as "oidc,pi-controller"`,
  })
  .transform((text) => [...new Set(text.split(",").flatMap((each) => wayOf(each) ?? []))]);

/** The variables and secrets of sign-in. */
export const SignInVariables = {
  SIGN_IN: optional(Ways),
  PEOPLE: optional(z.string()),
  OIDC_ISSUER: optional(z.url({ error: 'must be a URL such as "https://accounts.google.com"' })),
  OIDC_CLIENT_ID: optional(z.string()),
  OIDC_CLIENT_SECRET: optional(z.string()),
  OIDC_NAME: optional(z.string().max(40, "must have at most 40 characters")),
  OIDC_TRUST_EMAIL: optional(z.literal("on", { error: 'must be "on" or empty' })),
  GITHUB_CLIENT_ID: optional(z.string()),
  GITHUB_CLIENT_SECRET: optional(z.string()),
};

const Shape = z.object(SignInVariables);
type Variables = z.output<typeof Shape>;

/** What the variables are checked against. */
interface Around {
  readonly homes: readonly Home[];
  readonly development: boolean;
  /** Where mistakes are collected, each one readable sentence. */
  readonly mistakes: string[];
}

type Reader = (name: keyof Variables, way: Way) => string;

/** A variable that a way to sign in cannot do without. */
function needed(variables: Variables, mistakes: string[]): Reader {
  return (name, way) => {
    const value = variables[name];
    if (typeof value === "string") return value;
    mistakes.push(`${name} is missing: SIGN_IN has "${way}", which needs it.`);
    return "";
  };
}

function issuerMistake(issuer: string, development: boolean): string | undefined {
  const url = new URL(issuer);
  if (url.search !== "" || url.hash !== "" || url.username !== "" || url.password !== "") {
    return "OIDC_ISSUER must be the issuer's address alone, without query or credentials.";
  }
  if (isAllowed(url, development)) return undefined;
  return "OIDC_ISSUER must be https; plain http is only for localhost in development.";
}

function oidcOf(variables: Variables, need: Reader, { development, mistakes }: Around): OidcSettings {
  const issuer = need("OIDC_ISSUER", "oidc");
  const mistake = issuer === "" ? undefined : issuerMistake(issuer, development);
  if (mistake !== undefined) mistakes.push(mistake);
  return {
    kind: "oidc",
    issuer,
    clientId: need("OIDC_CLIENT_ID", "oidc"),
    clientSecret: need("OIDC_CLIENT_SECRET", "oidc"),
    name: variables.OIDC_NAME ?? (issuer === "" ? "" : new URL(issuer).host),
    trustEmail: variables.OIDC_TRUST_EMAIL === "on",
  };
}

function peopleOf(way: Way, need: Reader, { homes, mistakes }: Around): People {
  const text = need("PEOPLE", way);
  if (text === "") return new Map();
  const parsed = parsePeople(text, homes);
  mistakes.push(...parsed.mistakes);
  return parsed.people;
}

/** How people sign in, from variables that were parsed one by one; mistakes are added to those of `around`. */
export function signInSettings(variables: Variables, around: Around): SignInSettings {
  const { homes, mistakes } = around;
  const ways: readonly Way[] = variables.SIGN_IN ?? [PI_CONTROLLER];
  const need = needed(variables, mistakes);
  const taken = homes.filter(({ id }) => TAKEN_IDS.has(id));
  mistakes.push(...taken.map(({ id }) => `A home cannot have the id "${id}": that is a way to sign in.`));
  const providers = ways.flatMap((way): (OidcSettings | GithubSettings)[] => {
    if (way === "oidc") return [oidcOf(variables, need, around)];
    if (way !== "github") return [];
    const clientId = need("GITHUB_CLIENT_ID", way);
    return [{ kind: "github", clientId, clientSecret: need("GITHUB_CLIENT_SECRET", way) }];
  });
  const [first] = providers;
  const people = first === undefined ? new Map() : peopleOf(first.kind, need, around);
  return { accounts: ways.includes(PI_CONTROLLER), providers, people };
}
