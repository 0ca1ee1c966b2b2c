import { env } from "cloudflare:workers";
import { listDurableObjectIds, runInDurableObject } from "cloudflare:test";

/** All that the gateway's own objects have stored, as text. The demo home is not the gateway's: it has its secrets. */
export async function rowsOfObjects(): Promise<string[]> {
  const namespaces: readonly DurableObjectNamespace[] = [
    env.MCP_SESSION,
    env.ACCOUNT,
    env.TOKEN_BROKER,
    env.PIN_RESERVATION,
    env.OPERATION,
    env.ONE_TIME_SECRET,
    env.HOME_HUB,
    env.TALLY,
  ];
  const rows: string[] = [];
  for (const namespace of namespaces) {
    for (const id of await listDurableObjectIds(namespace)) {
      rows.push(
        await runInDurableObject(namespace.get(id), (_object, { storage }) => {
          const tables = storage.sql
            .exec<{ name: string }>(
              "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '\\_cf%' ESCAPE '\\'",
            )
            .toArray();
          const tabled = tables.map(({ name }) => storage.sql.exec(`SELECT * FROM "${name}"`).toArray());
          return JSON.stringify([[...storage.kv.list()], tabled]);
        }),
      );
    }
  }
  return rows;
}

/** All that the key-value stores hold, with its names. */
export async function valuesOfStores(): Promise<string[]> {
  const values: string[] = [];
  for (const store of [env.TOKEN_CACHE, env.OAUTH_KV]) {
    for (const { name } of (await store.list()).keys) values.push(`${name}: ${await store.get(name)}`);
  }
  return values;
}
