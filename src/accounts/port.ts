import type { Connections } from "../contract/connection.ts";
import type { AccountObject, Entry } from "./account.ts";

type Namespace = Pick<DurableObjectNamespace<AccountObject>, "getByName">;

/** Asks whether a connection of a user may act in a session. */
export function entrance(accounts: Namespace): (userId: string, entry: Entry) => Promise<boolean> {
  return async (userId, entry) => accounts.getByName(userId).enter(entry);
}

/** Ends what the authorization server keeps of a connection: its grant and tokens. */
export type EndGrants = (userId: string, connectionIds: readonly string[]) => Promise<void>;

/** One person's connections. */
export function connectionsOf(accounts: Namespace, userId: string, endGrants: EndGrants): Connections {
  const account = () => accounts.getByName(userId);
  return {
    add: async (connection) => account().add(connection),
    list: async () => account().list(),
    async end(id) {
      const ids = id === undefined ? (await account().list()).map((each) => each.id) : [id];
      try {
        // First the account: from then on nothing is let in, whatever a key-value store still says for a minute.
        return await account().end(id);
      } finally {
        // Whatever became of that, for a token without a grant is worth nothing; and also of one that had ended before:
        // its grant may have been left behind.
        await endGrants(userId, ids);
      }
    },
  };
}
