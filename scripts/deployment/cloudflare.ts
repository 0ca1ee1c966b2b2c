import { z } from "zod";
import { type Ask, DeployError, type World } from "./world.ts";

/** Answers of wrangler about the account. */

const WhoAmI = z.object({
  loggedIn: z.boolean(),
  accounts: z.array(z.object({ id: z.string(), name: z.string() })).default([]),
});
const SecretList = z.array(z.object({ name: z.string() }));

/** The JSON in what wrangler printed, which may be framed by notices. */
function jsonIn(text: string, open: "{" | "["): unknown {
  const start = text.split("\n").findIndex((line) => line.startsWith(open));
  try {
    return start < 0 ? undefined : JSON.parse(text.split("\n").slice(start).join("\n"));
  } catch {
    return undefined;
  }
}

const NOT_LOGGED_IN =
  "You are not logged in to Cloudflare. Run: npx wrangler login. Where no browser is at hand, set CLOUDFLARE_API_TOKEN " +
  "(and CLOUDFLARE_ACCOUNT_ID) to a token made from the template “Edit Cloudflare Workers”.";

async function whoAmI({ wrangler }: World) {
  const { stdout } = await wrangler.quietly(["whoami", "--json"]);
  const answer = WhoAmI.safeParse(jsonIn(stdout, "{"));
  return answer.success && answer.data.loggedIn ? answer.data : undefined;
}

async function chosen(accounts: readonly { id: string; name: string }[], ask: Ask | undefined): Promise<string> {
  const list = accounts.map(({ name }, index) => `${index + 1} ${name}`).join(", ");
  const number = Number(await ask?.(`You have several Cloudflare accounts: ${list}. Which number`));
  const account = accounts[number - 1];
  if (account !== undefined) return account.id;
  throw new DeployError(`You have several Cloudflare accounts (${list}): set CLOUDFLARE_ACCOUNT_ID to the id of one.`);
}

/** @throws DeployError if nobody is logged in, not even after being sent to the login */
async function whoIsIn(world: World): Promise<z.output<typeof WhoAmI>> {
  const me = await whoAmI(world);
  if (me !== undefined) return me;
  if (world.ask !== undefined) await world.wrangler.openly(["login"]);
  const now = world.ask === undefined ? undefined : await whoAmI(world);
  if (now === undefined) throw new DeployError(NOT_LOGGED_IN);
  return now;
}

const valueOf = (text: string | undefined) => (text === "" ? undefined : text);

/**
 * Makes sure that somebody is logged in.
 * @param kept the account that was chosen before
 * @returns the account to deploy to; `undefined` leaves it to wrangler, which has one
 * @throws DeployError if nobody is, or if there is a choice and nobody to ask
 */
export async function accountFor(world: World, kept: string | undefined): Promise<string | undefined> {
  const set = valueOf(world.env["CLOUDFLARE_ACCOUNT_ID"]);
  // A token is often not allowed to say whose it is; what it may not do, the next call tells.
  if (valueOf(world.env["CLOUDFLARE_API_TOKEN"]) !== undefined) return set ?? kept;
  const { accounts } = await whoIsIn(world);
  const known = set ?? accounts.find(({ id }) => id === kept)?.id;
  if (known !== undefined) return known;
  return accounts.length > 1 ? chosen(accounts, world.ask) : accounts[0]?.id;
}

/**
 * The names of the secrets that a Worker has.
 * @returns `undefined` if there is no such Worker yet
 * @throws DeployError if that cannot be told: a key would be at stake
 */
export async function secretsAt(
  { wrangler }: World,
  worker: string,
  env: Readonly<Record<string, string>>,
): Promise<ReadonlySet<string> | undefined> {
  const { code, stdout, stderr } = await wrangler.quietly(
    ["secret", "list", "--name", worker, "--format", "json", "--env", ""],
    env,
  );
  const list = SecretList.safeParse(jsonIn(stdout, "["));
  if (code === 0 && list.success) return new Set(list.data.map(({ name }) => name));
  if (`${stdout}${stderr}`.includes(`Worker "${worker}" not found`)) return undefined;
  throw new DeployError(
    `Cloudflare did not say which secrets ${worker} has, so nothing was changed. wrangler says:\n${stderr.trim()}`,
  );
}
