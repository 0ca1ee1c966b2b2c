import { env } from "cloudflare:workers";
import type { Caller } from "../../src/contract/caller.ts";
import type { Connection } from "../../src/contract/connection.ts";

/** A caller's connection, as their consent makes it. */
export function connectionOf({ clientId, connectionId, homes }: Caller, more: Partial<Connection> = {}): Connection {
  return {
    id: connectionId,
    clientId,
    clientName: "A client",
    redirectHost: "client.example",
    resource: "https://pimcp.example/mcp",
    homes: Object.keys(homes),
    level: "admin",
    stays: true,
    since: "2026-11-20T18:05:00.000Z",
    ...more,
  };
}

/** Lets a caller's client in. */
export async function connect(caller: Caller): Promise<void> {
  await env.ACCOUNT.getByName(caller.userId).add(connectionOf(caller));
}
