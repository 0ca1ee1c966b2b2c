import { createHash, randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { CALLBACK } from "../../scripts/support/oauth-client.ts";
import { type Page, Person } from "../../scripts/support/person.ts";
import { freePort, type Gateway, startWrangler } from "../../scripts/support/wrangler.ts";
import { ACCOUNTS, rawRequest, rpcOf, tokenFor } from "../support/clients.ts";
import { startHome, steerHome } from "../support/home.ts";

/** The real Worker is stopped while people are in the middle of things, and started with another `TOKEN_KEY`. */

const PUMP = 19;
const GROW_LIGHT = 20;
const HOLD_SECONDS = 2;

const folder = mkdtempSync(join(tmpdir(), "pimcp-keys-"));
const newKey = () => randomBytes(32).toString("base64");
let home: Awaited<ReturnType<typeof startHome>>;
let gateway: Gateway | undefined;
let port = 0;

beforeAll(async () => {
  home = await startHome();
  port = await freePort();
});
afterAll(async () => {
  await gateway?.stop();
  await home.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Starts the Worker with these keys on the storage of the one before. */
async function startWith(keys: Readonly<Record<string, string>>): Promise<string> {
  await gateway?.stop();
  const values = { ENVIRONMENT: "development", PI_CONTROLLER_URL: home.url, ...keys };
  const file = join(folder, "keys.vars");
  writeFileSync(
    file,
    Object.entries(values)
      .map(([name, value]) => `${name}=${value}\n`)
      .join(""),
    { mode: 0o600 },
  );
  gateway = await startWrangler({ port, envFiles: [file], persistTo: join(folder, "state") });
  return gateway.url;
}

const Told = z.object({ isError: z.boolean().optional(), content: z.tuple([z.object({ text: z.string() })]) });
const Fault = z.looseObject({ type: z.string().optional(), confirm_token: z.string().optional() });

/** Calls a tool. @returns its value, or the fault */
async function call(url: string, token: string, name: string, args: Record<string, unknown>) {
  const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/call", params: { name, arguments: args } });
  const { result } = await rpcOf(await rawRequest(url, token, body));
  return Fault.parse(JSON.parse(Told.parse(result).content[0].text));
}

const Registered = z.object({ client_id: z.string() });

/** Goes as far as the consent page. */
async function consentPage(url: string, person: Person): Promise<Page> {
  const metadata = { client_name: "late", redirect_uris: [CALLBACK], token_endpoint_auth_method: "none" };
  const headers = { "content-type": "application/json" };
  const registration = await fetch(`${url}/oauth/register`, {
    method: "POST",
    headers,
    body: JSON.stringify(metadata),
  });
  const { client_id } = Registered.parse(await registration.json());
  const authorize = new URL("/authorize", url);
  authorize.search = new URLSearchParams({
    response_type: "code",
    client_id,
    redirect_uri: CALLBACK,
    scope: "pi:view",
    state: "state",
    code_challenge: createHash("sha256").update(randomBytes(32)).digest("base64url"),
    code_challenge_method: "S256",
  }).toString();
  return person.signIn(await person.go(authorize));
}

async function until(done: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 100 && !(await done()); tries += 1) {
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

test("a change of the key in the middle of everything: nobody signs in again, and no pin stays driven", async () => {
  const [first, second] = [newKey(), newKey()];
  const steer = steerHome(home.url);

  const before = await startWith({ TOKEN_KEY: first });
  const token = await tokenFor(before, ACCOUNTS.admin);
  expect(await call(before, token, "write_gpio_pin", { gpio_id: PUMP, value: 1 })).toMatchObject({ value: 1 });
  const person = new Person(ACCOUNTS.viewer);
  const page = await consentPage(before, person);
  expect(page.html).toContain('name="decision"');
  const { confirm_token } = await call(before, token, "delete_gpio_device", { gpio_id: GROW_LIGHT });
  const hold = { gpio_id: PUMP, client_id: "me", duration_seconds: HOLD_SECONDS, on_expire: { value: 0 } };
  expect(await call(before, token, "reserve_gpio_pin", hold)).toMatchObject({ state: "held" });
  await gateway?.stop();
  await steer.seen();

  const after = await startWith({ TOKEN_KEY: second, TOKEN_KEY_PREVIOUS: first });
  // The hold, with its holder's sealed login.
  const held = async () => (await call(after, token, "list_reservations", {}))["reservations"];
  await until(async () => JSON.stringify(await held()) === "[]");
  expect(await call(after, token, "read_gpio_pin", { gpio_id: PUMP })).toMatchObject({ value: 0 });
  // The consent.
  expect(await call(after, token, "delete_gpio_device", { gpio_id: GROW_LIGHT, confirm_token })).toMatchObject({
    deleted_gpio_id: GROW_LIGHT,
  });
  // The cached tokens.
  const seen = await steer.seen();
  expect(seen.map(({ path }) => path)).toContain(`/api/v1/gpio/${PUMP}/write`);
  expect(seen.filter(({ path }) => /\/auth\/(login|refresh)$/.test(path))).toStrictEqual([]);
  // The sign-in cookie.
  const { url } = await person.consent(page);
  expect(url.searchParams.get("code")).not.toBeNull();
});
