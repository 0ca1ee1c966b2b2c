import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import type { Caller, Login } from "../../src/contract/caller.ts";
import { createSealer } from "../../src/lib/crypto.ts";
import { Keyring } from "../../src/reservations/keyring.ts";

const sealer = createSealer(new Uint8Array(32).fill(1));

/** What a pin's object has of a holder after it was stored. */
async function keptOf(caller: unknown): Promise<{ caller: Caller | undefined; stored: string }> {
  const pin = env.PIN_RESERVATION.getByName(crypto.randomUUID());
  return runInDurableObject(pin, async (_pin, { storage }) => {
    const keyring = new Keyring(storage, sealer);
    keyring.keep(await sealer.seal("pin-holder", caller, 60));
    return { caller: await keyring.caller(), stored: JSON.stringify([...storage.kv.list()]) };
  });
}

const holder = (login: Login): Caller => ({
  userId: "oidc.1",
  userName: "anna@example.com",
  clientId: "client",
  connectionId: "connection",
  homes: { home: { role: "operator", login } },
});

test.each<[string, Login]>([
  ["their own account", { username: "operator", password: "canary" }],
  ["the service account", "service"],
])("a holder who acts by %s is kept sealed, and is there when the hold ends", async (_, login) => {
  const { caller, stored } = await keptOf(holder(login));
  expect(caller).toStrictEqual(holder(login));
  expect(stored).not.toMatch(/canary|anna/);
});

test("what has no login that is known is nobody", async () => {
  expect((await keptOf({ ...holder("service"), homes: { home: { role: "operator", login: "admin" } } })).caller).toBe(
    undefined,
  );
});
