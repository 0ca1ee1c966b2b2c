import { unstable_readConfig } from "wrangler";
import { z } from "zod";
import { ConfigError, parseConfig, SECRET_NAMES, VARIABLE_NAMES } from "../../src/config.ts";
import { missingBindings } from "../../src/homes/reach.ts";
import { KEY_BYTES } from "../../src/lib/crypto.ts";
import { fieldsNeeded } from "./home-secrets.ts";
import { DeployError, type Values } from "./world.ts";

/** What wrangler.toml says of the Worker that is deployed. */
export interface Worker {
  readonly name: string;
  readonly variables: Values;
  /** Names of the bindings that lead to homes. */
  readonly bindings: ReadonlySet<string>;
  /** Whether it says itself at which addresses the Worker is served. */
  readonly routed: boolean;
  /** Durable Object classes whose data a migration deletes. */
  readonly deleted: readonly string[];
}

const Bindings = z.array(z.object({ binding: z.string() })).default([]);

/** What is read of a Worker's configuration, as wrangler understands it. */
const WranglerConfig = z.object({
  name: z.string(),
  definedEnvironments: z.array(z.string()).default([]),
  vars: z.record(z.string(), z.coerce.string()),
  kv_namespaces: z.array(z.object({ binding: z.string(), id: z.string().optional() })),
  durable_objects: z.object({ bindings: z.array(z.object({ name: z.string(), class_name: z.string() })) }),
  migrations: z.array(
    z.looseObject({
      new_sqlite_classes: z.array(z.string()).default([]),
      deleted_classes: z.array(z.string()).default([]),
    }),
  ),
  ratelimits: z.array(z.looseObject({ name: z.string(), namespace_id: z.string() })).default([]),
  vpc_services: Bindings,
  vpc_networks: Bindings,
  mtls_certificates: Bindings,
  route: z.unknown().optional(),
  routes: z.array(z.unknown()).default([]),
});

/** Reads a `wrangler.toml`, or one of its environments, with wrangler's own reader. */
export function readWranglerConfig(file: string, environment?: string): z.output<typeof WranglerConfig> {
  const where = { config: file, ...(environment === undefined ? {} : { env: environment }) };
  return WranglerConfig.parse(unstable_readConfig(where, { hideWarnings: true }));
}

/** @throws DeployError if there is no such environment */
export function readWorker(file: string, environment: string | undefined): Worker {
  const config = readWranglerConfig(file, environment);
  if (environment !== undefined && !config.definedEnvironments.includes(environment)) {
    throw new DeployError(`wrangler.toml has no [env.${environment}].`);
  }
  const fetchers = [...config.vpc_services, ...config.vpc_networks, ...config.mtls_certificates];
  return {
    name: config.name,
    variables: config.vars,
    bindings: new Set(fetchers.map(({ binding }) => binding)),
    routed: config.route !== undefined || config.routes.length > 0,
    deleted: config.migrations.flatMap(({ deleted_classes: classes }) => classes),
  };
}

/** Set in wrangler.toml alone: many a build machine has a variable of that name for itself. */
const NOT_FROM_OUTSIDE = new Set(["ENVIRONMENT"]);

/** Variables and secrets that come from the environment; those that are empty count as not given. */
export function givenBy(env: Readonly<Record<string, string | undefined>>): Values {
  const entries = VARIABLE_NAMES.map((name) => [name, env[name] ?? ""] as const);
  return Object.fromEntries(entries.filter(([name, value]) => value !== "" && !NOT_FROM_OUTSIDE.has(name)));
}

/**
 * What `--set NAME=value` says.
 * @throws DeployError for an unknown name, or a secret: others on this computer can read command lines
 */
export function givenByFlags(flags: readonly string[]): Values {
  return Object.fromEntries(
    flags.map((flag) => {
      const [name = "", ...rest] = flag.split("=");
      if (!VARIABLE_NAMES.includes(name) || NOT_FROM_OUTSIDE.has(name) || rest.length === 0) {
        throw new DeployError(`--set takes NAME=value with a variable of the README's table, not "${name}".`);
      }
      if (SECRET_NAMES.includes(name)) {
        throw new DeployError(`${name} is a secret: give it as an environment variable, not on the command line.`);
      }
      return [name, rest.join("=")];
    }),
  );
}

/** Stands for a secret that Cloudflare has and does not show, so that the rest can be checked. */
function standIn(name: string, homes: string): string {
  if (name.startsWith("TOKEN_KEY")) return Buffer.alloc(KEY_BYTES).toString("base64");
  if (name !== "HOME_SECRETS") return "kept";
  const fields = fieldsNeeded(homes).map(({ id, needed }) => [id, Object.fromEntries(needed.map((f) => [f, "kept"]))]);
  return JSON.stringify(Object.fromEntries(fields));
}

/**
 * Reads the configuration as the Worker will.
 * @param present names of the secrets that Cloudflare has
 * @returns one sentence for each mistake
 */
export function mistakesIn(variables: Values, secrets: Values, present: ReadonlySet<string>, worker: Worker): string[] {
  const standIns: Values = Object.fromEntries(
    [...present]
      .filter((name) => SECRET_NAMES.includes(name))
      .map((name) => [name, standIn(name, variables["HOMES"] ?? "")] as const),
  );
  try {
    const { homes, development } = parseConfig({ ...variables, ...standIns, ...secrets });
    const missing = missingBindings(homes, {
      binding: (name) => (worker.bindings.has(name) ? () => Promise.reject(new Error(name)) : undefined),
    });
    return development ? [...missing, 'ENVIRONMENT must be "production" in wrangler.toml to be deployed.'] : missing;
  } catch (error) {
    if (error instanceof ConfigError) return [...error.mistakes];
    throw error;
  }
}
