import { z } from "zod";
import { Person } from "../../scripts/support/person.ts";
import { freePort } from "../../scripts/support/wrangler.ts";
import { ACCOUNTS } from "../support/accounts.ts";
import type { Scenario } from "./results.ts";
import { runSuite, type SpecVersion } from "./suite.ts";

const Metadata = z.object({ registration_endpoint: z.string() });
const Registered = z.object({ client_id: z.string() });

/** Registers a public client, as any MCP client does. */
async function register(issuer: string, callback: string): Promise<string> {
  const metadata = await fetch(new URL("/.well-known/oauth-authorization-server", issuer));
  const { registration_endpoint: endpoint } = Metadata.parse(await metadata.json());
  const registered = await fetch(endpoint, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      client_name: "Conformance",
      redirect_uris: [callback],
      token_endpoint_auth_method: "none",
      grant_types: ["authorization_code"],
      response_types: ["code"],
    }),
  });
  return Registered.parse(await registered.json()).client_id;
}

/** Goes through the pages and back to the client, as a person's browser does. */
async function visit(url: string): Promise<void> {
  const callback = await new Person(ACCOUNTS.admin).authorize(new URL(url));
  const response = await fetch(callback);
  await response.body?.cancel();
}

/** Runs the scenarios for authorization servers; the one that needs a person gets one. */
export async function runAuthorizationScenarios(issuer: string, version: SpecVersion): Promise<readonly Scenario[]> {
  const port = await freePort();
  const clientId = await register(issuer, `http://127.0.0.1:${port}/callback`);
  const args = ["authorization", "--url", issuer, "--client-id", clientId, "--port", String(port)];
  const failed = new AbortController();
  return runSuite([...args, "--resource", `${issuer}/mcp`, "--spec-version", version], {
    onLine(line) {
      // The suite prints the address that a person would open, and would wait for them for minutes.
      if (line.startsWith(`${issuer}/authorize?`)) visit(line).catch((error: unknown) => failed.abort(error));
    },
    signal: failed.signal,
  });
}
