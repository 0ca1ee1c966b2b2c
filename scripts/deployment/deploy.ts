import { join } from "node:path";
import { SECRET_NAMES } from "../../src/config.ts";
import { askMissing, needsHomeSecrets } from "./answers.ts";
import { accountFor, secretsAt } from "./cloudflare.ts";
import { keep, type Kept, readKept } from "./kept.ts";
import { planKey } from "./key.ts";
import { type Options, optionsOf } from "./options.ts";
import { givenBy, givenByFlags, mistakesIn, readWorker, type Worker } from "./settings.ts";
import { beyond, upload } from "./upload.ts";
import { DeployError, type Values, type World } from "./world.ts";

const split = (values: Values, isSecret: boolean): Values =>
  Object.fromEntries(Object.entries(values).filter(([name]) => SECRET_NAMES.includes(name) === isSecret));

/** What was set from outside or answered; wrangler.toml's own lines win over what was kept, not over what is set now. */
function layered(worker: Worker, kept: Values, given: Values): Values {
  const filled = Object.fromEntries(Object.entries(worker.variables).filter(([, value]) => value !== ""));
  return { ...worker.variables, ...kept, ...filled, ...given };
}

function refuseDataLoss({ deleted }: Worker, { deleteData }: Options): void {
  if (deleted.length === 0 || deleteData) return;
  throw new DeployError(
    `A migration in wrangler.toml deletes the data of ${deleted.join(", ")}. If that is meant: --delete-data`,
  );
}

function refuseMistakes(mistakes: readonly string[]): void {
  if (mistakes.length === 0) return;
  const count = mistakes.length === 1 ? "a mistake" : `${mistakes.length} mistakes`;
  throw new DeployError(`Nothing was deployed: the configuration has ${count}.\n  ${mistakes.join("\n  ")}`);
}

function refuseOldHomeSecrets(known: Parameters<typeof needsHomeSecrets>[0]): void {
  if (!needsHomeSecrets(known)) return;
  throw new DeployError(
    "HOMES is another one than before, and the HOME_SECRETS at Cloudflare cannot be looked at: give HOME_SECRETS again.",
  );
}

function farewell(variables: Values, targets: readonly string[], note: string): string {
  const { PUBLIC_URL: address = "" } = variables;
  const served = targets.find((target) => target.startsWith("https://"))?.replace(/\/$/, "");
  const origin = address === "" ? (served ?? "https://<the address above>") : address;
  const demo =
    variables["DEMO_HOME"] === "on"
      ? "\n  The demo home is open to everybody: its accounts are viewer, operator and admin, with the password <name>-demo.\n"
      : "";
  return `
  PiMCP is deployed. ${note}

  Connect       ${origin}/mcp
  Claude.ai     Settings → Connectors → Add custom connector, with that URL
  Claude Code   claude mcp add --transport http pimcp ${origin}/mcp
${demo}
  Next: docs/tunnel.md for the way to your Pi, docs/clients.md for all clients.
`;
}

/** What Cloudflare has of this Worker. */
interface There {
  readonly account: string | undefined;
  /** Names of its secrets; `undefined` if there is no such Worker yet. */
  readonly secrets: ReadonlySet<string> | undefined;
}

async function lookThere(world: World, worker: Worker, kept: Kept, { dryRun }: Options): Promise<There> {
  if (dryRun) return { account: undefined, secrets: undefined };
  const account = await accountFor(world, kept.account);
  return { account, secrets: await secretsAt(world, worker.name, accountEnv(account)) };
}

const accountEnv = (account: string | undefined): Values =>
  account === undefined ? {} : { CLOUDFLARE_ACCOUNT_ID: account };

/**
 * Deploys the Worker: asks for what is missing, checks everything as the Worker will, and only then uploads.
 * @throws DeployError if nothing was deployed
 */
export async function deploy(outside: World): Promise<void> {
  const { folder, say } = outside;
  const options = optionsOf(outside.args);
  const world = options.questions ? outside : { ...outside, ask: undefined };
  const worker = readWorker(join(folder, "wrangler.toml"), options.environment);
  refuseDataLoss(worker, options);
  const kept = readKept(folder, worker.name);
  const given = { ...givenBy(world.env), ...givenByFlags(options.set) };
  const { TOKEN_KEY: givenKey, TOKEN_KEY_PREVIOUS: _previous, ...givenSecrets } = split(given, true);

  const there = await lookThere(world, worker, kept, options);
  const present = there.secrets ?? new Set<string>();
  const key = await planKey({ kept, present, rotate: options.rotate, given: givenKey, ask: world.ask });

  const set = layered(worker, kept.variables, split(given, false));
  const known = {
    variables: set,
    secrets: { ...givenSecrets, ...key.secrets },
    present,
    homesChanged: kept.homes !== undefined && kept.homes !== set["HOMES"],
    isNew: there.secrets === undefined,
  };
  const answers = world.ask === undefined ? undefined : await askMissing(known, worker, world.ask, say);
  const variables = { ...known.variables, ...answers?.variables };
  const secrets = { ...known.secrets, ...answers?.secrets };
  refuseMistakes(mistakesIn(variables, secrets, present, worker));
  refuseOldHomeSecrets({ ...known, variables, secrets });

  const what = { worker, variables, secrets, options, env: accountEnv(there.account) };
  if (options.dryRun) {
    await upload(world, what);
    return say("Nothing was uploaded: --dry-run.");
  }
  // Before the upload: a key that Cloudflare has and nobody else would be lost.
  keep(folder, worker.name, key.before);
  const targets = await upload(world, what);
  const now = { variables: beyond(variables, worker), homes: variables["HOMES"] ?? "" };
  keep(folder, worker.name, { ...key.after, ...now, account: there.account });
  return say(farewell(variables, targets, key.note));
}
