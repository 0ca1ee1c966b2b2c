import { randomBytes } from "node:crypto";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestProject } from "vitest/node";
import { freePort, type Gateway, startWrangler } from "../../scripts/support/wrangler.ts";
import { CLIENT, startIssuer } from "../support/issuer.ts";
import { CHROMIUM } from "./chromium.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** Origin of a gateway with the demo home alone. */
    oneHome: string;
    /** Origin of another one with the demo home, which is frozen and switched. */
    livelyHome: string;
    /** Origin of one with two demo homes, at which people also sign in by OpenID Connect. */
    severalHomes: string;
    /** Origin of that issuer. */
    issuer: string;
  }
}

const HOMES = [
  { id: "cottage", name: "Cottage by the lake", reach: "demo", username: "admin" },
  { id: "town", name: "Town flat", reach: "demo", username: "admin" },
];

const service = { password: "admin-demo" };

interface Start {
  readonly folder: string;
  readonly name: string;
  readonly port: number;
  readonly variables: Readonly<Record<string, string>>;
}

function start({ folder, name, port, variables }: Start): Promise<Gateway> {
  const all = {
    ENVIRONMENT: "development",
    LIMITS: "off",
    TOKEN_KEY: randomBytes(32).toString("base64"),
    ...variables,
  };
  const file = join(folder, `${name}.vars`);
  const lines = Object.entries(all).map(([key, value]) => `${key}='${value}'`);
  writeFileSync(file, lines.join("\n"));
  return startWrangler({ port, envFiles: [file], persistTo: join(folder, name) });
}

/** Runs the real Worker as people meet it: with one home, twice, and with several. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  if (!existsSync(CHROMIUM)) {
    throw new Error(
      `There is no Chromium at ${CHROMIUM}: install it (Debian: apt-get install chromium) or set CHROMIUM`,
    );
  }
  const folder = mkdtempSync(join(tmpdir(), "pimcp-pages-"));
  const port = await freePort();
  const issuer = await startIssuer(`http://localhost:${port}`);
  const several = {
    HOMES: JSON.stringify(HOMES),
    HOME_SECRETS: JSON.stringify({ cottage: service, town: service }),
    SIGN_IN: "pi-controller,oidc",
    OIDC_ISSUER: issuer.url,
    OIDC_CLIENT_ID: CLIENT.id,
    OIDC_CLIENT_SECRET: CLIENT.secret,
    OIDC_NAME: "Example",
    PEOPLE: JSON.stringify({ "anna@example.com": { cottage: "admin", town: "viewer" } }),
  };
  const gateways = await Promise.all([
    start({ folder, name: "one", port: await freePort(), variables: {} }),
    start({ folder, name: "lively", port: await freePort(), variables: {} }),
    start({ folder, name: "several", port, variables: several }),
  ]);
  project.provide("oneHome", gateways[0].url);
  project.provide("livelyHome", gateways[1].url);
  project.provide("severalHomes", gateways[2].url);
  project.provide("issuer", issuer.url);
  return async () => {
    await Promise.all(gateways.map((gateway) => gateway.stop()));
    await issuer.close();
    rmSync(folder, { recursive: true, force: true });
  };
}
