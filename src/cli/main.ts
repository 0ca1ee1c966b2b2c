import { join } from "node:path";
import { views } from "../apps/index.ts";
import { type OpenPi, openHomes } from "../homes/open.ts";
import { endpointOf } from "../homes/reach.ts";
import { serviceCaller } from "../homes/service.ts";
import { Troubles } from "../homes/troubles.ts";
import { createSealer, KEY_BYTES } from "../lib/crypto.ts";
import { Fault } from "../lib/errors.ts";
import { describeError, log } from "../lib/log.ts";
import { sentences } from "../lib/sentence.ts";
import { Consents } from "../mcp/consents.ts";
import { serverFactory } from "../mcp/server.ts";
import { Watches } from "../mcp/watches.ts";
import { TokenKeeper } from "../pi/auth.ts";
import { DialectMemory } from "../pi/dialect.ts";
import type { Tokens } from "../pi/schemas/auth.ts";
import type { TokenCache } from "../pi/token-cache.ts";
import { prompts } from "../prompts/index.ts";
import { resources } from "../resources/index.ts";
import { tools } from "../tools/index.ts";
import { advising, attemptsIn, callerOf } from "./account.ts";
import { Keep, type KeepParts } from "./keep.ts";
import { openHomeWith } from "./ports.ts";
import { secretFiles } from "./secrets.ts";
import { parseSettings, type Settings, SettingsError } from "./settings.ts";
import { serve } from "./stdio.ts";
import { wayWith } from "./way.ts";

/** A client that ends its server gives it a few seconds. */
const END_MS = 10_000;

/** Tokens are kept in memory only (seed, section 5.1). */
function tokensInMemory(): TokenCache & { tokens: Tokens | undefined } {
  return {
    tokens: undefined,
    get() {
      return Promise.resolve(this.tokens);
    },
    put(_key, tokens) {
      this.tokens = tokens;
      return Promise.resolve();
    },
  };
}

/** A home's files are named by its address, so that each home has its own. */
const fileName = (url: string) => new URL(url).host.replaceAll(/[^a-z0-9.-]/g, "_");

function keepIn(folder: string, name: string, parts: KeepParts): Keep {
  try {
    return new Keep(folder, name, parts);
  } catch (error) {
    const why = error instanceof Error ? error.message : "";
    throw new SettingsError([
      `PIMCP_STATE: reservations cannot be kept in "${folder}" (${why}); set it to a folder that can be written.`,
    ]);
  }
}

/** Everything that one home needs, wired. */
function wire(settings: Settings) {
  const { home } = settings;
  const way = wayWith(settings.trust);
  const endpoint = endpointOf(home, () => way);
  const cache = tokensInMemory();
  const source = advising(
    new TokenKeeper(
      endpoint,
      cache,
      home.id,
      attemptsIn(() => keep),
    ),
  );
  const openPi: OpenPi = openHomes({
    homes: [home],
    ways: () => way,
    cache,
    dialects: new DialectMemory(),
    troubles: new Troubles(),
    // One account, whether it acts for its person or when nobody is there.
    tokens: () => source,
  });
  const keep: Keep = keepIn(settings.folder, fileName(home.url), {
    homeId: home.id,
    password: settings.login.password,
    open: openPi,
    service: (homeId) => serviceCaller([home], homeId),
  });
  return { endpoint, cache, openPi, keep };
}

async function run(settings: Settings): Promise<void> {
  if (!settings.trust.verify) {
    log("warn", "tls_not_verified", {
      message: "PI_CONTROLLER_TLS_VERIFY is false: anyone on the network can pose as the home and read its password.",
    });
  }
  const { endpoint, cache, openPi, keep } = wire(settings);
  const caller = await callerOf(settings, endpoint, keep, (tokens) => {
    cache.tokens = tokens;
  });
  keep.begin();
  // What a client carries from one call to the next is worth nothing in another run.
  const sealer = createSealer(crypto.getRandomValues(new Uint8Array(KEY_BYTES)));
  const factory = serverFactory({ tools, resources, prompts, views }, { confirm: settings.confirm, sealer });
  const served = serve(factory, {
    caller,
    open: openHomeWith(openPi, keep, secretFiles(join(settings.folder, "secrets"))),
    origin: "stdio:",
    watches: new Watches(),
    consents: new Consents(),
  });
  const killed = new Promise<void>((resolve) => {
    for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) process.on(signal, () => resolve());
  });
  await Promise.race([served.ended, killed]);
  setTimeout(() => process.exit(1), END_MS);
  // A client that only looked leaves holds as they are: the process that it will work with comes next.
  if (!served.worked()) process.exit(0);
  const holder = { userId: caller.userId, userName: caller.userName, clientId: caller.clientId, label: "end" };
  await keep.end({ caller, holder });
  process.exit(0);
}

/** Prints for the person who started this, in plain words. */
function fail(sentencesToTell: readonly string[]): never {
  process.stderr.write(`${sentencesToTell.join("\n")}\n`);
  process.exit(1);
}

/** Runs until the client ends, or says why not and exits with 1. */
export async function main(): Promise<void> {
  process.on("uncaughtException", (error) => {
    log("error", "crashed", describeError(error));
    process.exit(1);
  });
  try {
    await run(parseSettings(process.env));
  } catch (error) {
    if (error instanceof SettingsError) fail(error.mistakes);
    if (error instanceof Fault) fail([sentences(error.message, ...error.suggestions)]);
    throw error;
  }
}
