import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestProject } from "vitest/node";
import { freePort, startWrangler } from "../../scripts/support/wrangler.ts";
import { startHome } from "./home.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** Origin of the running gateway. */
    gateway: string;
    /** Where the home behind it is told to misbehave; see `home.ts`. */
    home: string;
  }
}

/** What opens /metrics of the running gateway. */
export const METRICS_TOKEN = "metrics-token-of-the-tests-canary";

/** Runs the real Worker once for all end-to-end tests, with a home behind it that can be told to misbehave. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const folder = mkdtempSync(join(tmpdir(), "pimcp-test-"));
  const home = await startHome();
  const variables = [
    "ENVIRONMENT=development",
    // All tests come from one address, with three accounts; limits have tests of their own.
    "LIMITS=off",
    `TOKEN_KEY=${randomBytes(32).toString("base64")}`,
    `PI_CONTROLLER_URL=${home.url}`,
    "PI_CONTROLLER_TIMEOUT=2000",
    `METRICS_TOKEN=${METRICS_TOKEN}`,
  ];
  const file = join(folder, "test.vars");
  writeFileSync(file, variables.join("\n"));
  const gateway = await startWrangler({ port: await freePort(), envFiles: [file], persistTo: join(folder, "state") });
  project.provide("gateway", gateway.url);
  project.provide("home", home.url);
  return async () => {
    await gateway.stop();
    await home.close();
    rmSync(folder, { recursive: true, force: true });
  };
}
