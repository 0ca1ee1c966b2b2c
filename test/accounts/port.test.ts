import { env } from "cloudflare:workers";
import { afterEach, expect, test, vi } from "vitest";
import { connectionsOf } from "../../src/accounts/port.ts";
import { Account } from "../../src/index.ts";
import { connectionOf } from "../support/connected.ts";
import { callerAs } from "../support/whole.ts";

afterEach(() => {
  vi.restoreAllMocks();
});

/** One person's connections, and those whose grants were ended. */
async function person() {
  const caller = callerAs("viewer", { userId: `demo.${crypto.randomUUID()}`, connectionId: crypto.randomUUID() });
  const grants: string[] = [];
  const connections = connectionsOf(env.ACCOUNT, caller.userId, (_user, ids) => {
    grants.push(...ids);
    return Promise.resolve();
  });
  await connections.add(connectionOf(caller));
  return { id: caller.connectionId, grants, connections };
}

test("a connection's grant is ended with it, and once more if it is ended once more", async () => {
  const { id, grants, connections } = await person();
  expect(await connections.end(id)).toStrictEqual({ ids: [id], told: true });
  expect(await connections.end(id)).toStrictEqual({ ids: [], told: true });
  expect(grants).toStrictEqual([id, id]);
});

test("a connection's grant is ended although its account was reset meanwhile", async () => {
  const { id, grants, connections } = await person();
  vi.spyOn(Account.prototype, "end").mockImplementation(() => {
    throw new Error("The Durable Object was reset because its code was updated.");
  });
  await expect(connections.end(id)).rejects.toThrow("was reset");
  expect(grants).toStrictEqual([id]);
});

test("ending all ends the grants of all", async () => {
  const { id, grants, connections } = await person();
  await connections.end();
  expect(grants).toStrictEqual([id]);
});
