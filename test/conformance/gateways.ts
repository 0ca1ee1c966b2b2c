import { randomBytes } from "node:crypto";
import { rmSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { freePort, type Gateway, ROOT, startWrangler } from "../../scripts/support/wrangler.ts";

const ENTRY = JSON.stringify(join(ROOT, "test/conformance/worker.ts"));

/** What differs from the gateway's own configuration where the suite's fixtures are served. */
const CHANGES: readonly (readonly [from: RegExp, to: string])[] = [
  [/^#:schema .*$/m, ""],
  [/^name = .*$/m, 'name = "pimcp-conformance"'],
  [/^main = .*$/m, `main = ${ENTRY}`],
];

async function fixturesConfig(): Promise<string> {
  const own = await readFile(join(ROOT, "wrangler.toml"), "utf8");
  return CHANGES.reduce((text, [from, to]) => {
    if (!from.test(text)) throw new Error(`wrangler.toml has nothing like ${String(from)} any more`);
    return text.replace(from, () => to);
  }, own);
}

function variables(): string {
  const values = {
    ENVIRONMENT: "development",
    DEMO_HOME: "on",
    // Everything comes from one address and one person.
    LIMITS: "off",
    TOKEN_KEY: randomBytes(32).toString("base64"),
  };
  return Object.entries(values)
    .map(([name, value]) => `${name}=${JSON.stringify(value)}\n`)
    .join("");
}

/** What a gateway serves: the suite's fixtures, or what it serves to everybody. */
export type Served = "fixtures" | "catalogue";

/** Starts a gateway with the demo home and new, empty storage, which is gone when it is stopped. */
export async function startGateway(served: Served): Promise<Gateway> {
  process.env["X_LOCAL_OBSERVABILITY"] ??= "false";
  await mkdir(join(ROOT, ".wrangler"), { recursive: true });
  const folder = await mkdtemp(join(ROOT, ".wrangler/conformance-"));
  const envFile = join(folder, "conformance.vars");
  const config = join(folder, "wrangler.toml");
  await writeFile(envFile, variables(), { mode: 0o600 });
  if (served === "fixtures") await writeFile(config, await fixturesConfig());
  const gateway = await startWrangler({
    port: await freePort(),
    envFiles: [envFile],
    persistTo: join(folder, "state"),
    ...(served === "fixtures" ? { config } : {}),
  });
  // An interrupted run leaves nothing running either.
  process.once("exit", () => {
    gateway.process.kill();
    rmSync(folder, { recursive: true, force: true });
  });
  return {
    ...gateway,
    async stop() {
      await gateway.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
