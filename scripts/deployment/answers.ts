import { fieldsNeeded } from "./home-secrets.ts";
import { mistakesIn, type Worker } from "./settings.ts";
import type { Ask, Values } from "./world.ts";

/** What is known before anything is asked. */
export interface Known {
  readonly variables: Values;
  readonly secrets: Values;
  /** Names of the secrets that Cloudflare has. */
  readonly present: ReadonlySet<string>;
  /** Whether `HOMES` is another one than that of the last deployment. */
  readonly homesChanged: boolean;
  /** Whether Cloudflare has no such Worker yet. */
  readonly isNew: boolean;
}

/** What the person added. */
export interface Answers {
  readonly variables: Values;
  readonly secrets: Values;
}

const isSet = (values: Values, name: string) => (values[name] ?? "") !== "";

/** Asks until the answer is one that the gateway takes. */
async function askFor(name: string, question: string, ask: Ask, say: (text: string) => void, check: Check) {
  for (;;) {
    const answer = await ask(question);
    const mistakes = answer === "" ? [] : check(name, answer);
    if (mistakes.length === 0) return answer;
    say(mistakes.join("\n  "));
  }
}

type Check = (name: string, value: string) => readonly string[];

async function askHome(ask: Ask, say: (text: string) => void, check: Check): Promise<Values> {
  const question = "Address of your home's pi-controller, such as https://pi.example.com, or demo for a made-up home";
  for (;;) {
    const answer = await askFor("PI_CONTROLLER_URL", question, ask, say, (name, value) =>
      value === "demo" ? [] : check(name, value),
    );
    if (answer === "demo") return { DEMO_HOME: "on" };
    if (answer !== "") return { PI_CONTROLLER_URL: answer };
  }
}

/** The variables that nobody has set and without which there is no gateway; the address only for a new Worker. */
async function askVariables(known: Known, worker: Worker, ask: Ask, say: (text: string) => void): Promise<Values> {
  const check: Check = (name, value) =>
    mistakesIn({ ...known.variables, [name]: value }, known.secrets, known.present, worker).filter((mistake) =>
      mistake.startsWith(`${name} `),
    );
  const hasHome = ["HOMES", "PI_CONTROLLER_URL", "DEMO_HOME"].some((name) => isSet(known.variables, name));
  const home = hasHome ? {} : await askHome(ask, say, check);
  if (!known.isNew || isSet(known.variables, "PUBLIC_URL")) return home;
  const question = "Your own domain for the gateway, such as https://pimcp.example.com (Enter: a workers.dev address)";
  const address = await askFor("PUBLIC_URL", question, ask, say, check);
  return address === "" ? home : { ...home, PUBLIC_URL: address };
}

const FIELD_WORDS = {
  password: "Password of its service account",
  access_client_id: "Client ID of its Access service token",
  access_client_secret: "Client Secret of its Access service token",
};

/** Whether the secrets that `HOMES` needs have to be given: the ones at Cloudflare cannot be looked at. */
export function needsHomeSecrets({ variables, secrets, present, homesChanged }: Omit<Known, "isNew">): boolean {
  if (isSet(secrets, "HOME_SECRETS") || fieldsNeeded(variables["HOMES"] ?? "").length === 0) return false;
  return homesChanged || !present.has("HOME_SECRETS");
}

async function askHomeSecrets(homes: string, ask: Ask): Promise<string> {
  const secrets: Record<string, Record<string, string>> = {};
  for (const { id, needed } of fieldsNeeded(homes)) {
    const fields: Record<string, string> = {};
    for (const field of needed) {
      fields[field] = await ask(`Home ${id}: ${FIELD_WORDS[field]} (not shown)`, { secret: true });
    }
    secrets[id] = fields;
  }
  return JSON.stringify(secrets);
}

const SIMPLE_SECRETS = [
  { name: "PI_CONTROLLER_PASSWORD", needed: (variables: Values) => isSet(variables, "PI_CONTROLLER_USERNAME") },
  { name: "OIDC_CLIENT_SECRET", needed: ({ SIGN_IN = "" }: Values) => SIGN_IN.split(",").includes("oidc") },
  { name: "GITHUB_CLIENT_SECRET", needed: ({ SIGN_IN = "" }: Values) => SIGN_IN.split(",").includes("github") },
];

async function askSecrets(known: Known, ask: Ask): Promise<Values> {
  const { variables, secrets, present } = known;
  const answers: Record<string, string> = {};
  for (const { name, needed } of SIMPLE_SECRETS) {
    if (!needed(variables) || isSet(secrets, name) || present.has(name)) continue;
    answers[name] = await ask(`${name} (not shown)`, { secret: true });
  }
  if (needsHomeSecrets(known)) answers["HOME_SECRETS"] = await askHomeSecrets(variables["HOMES"] ?? "", ask);
  return answers;
}

/** Asks for what is missing: a home, the address, and the secrets that these need. */
export async function askMissing(
  known: Known,
  worker: Worker,
  ask: Ask,
  say: (text: string) => void,
): Promise<Answers> {
  const variables = await askVariables(known, worker, ask, say);
  const secrets = await askSecrets({ ...known, variables: { ...known.variables, ...variables } }, ask);
  return { variables, secrets };
}
