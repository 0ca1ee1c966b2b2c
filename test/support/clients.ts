import {
  Client as ClientV2,
  StreamableHTTPClientTransport as TransportV2,
  UnauthorizedError,
} from "@modelcontextprotocol/client";
import { UnauthorizedError as UnauthorizedV1 } from "@modelcontextprotocol/sdk/client/auth.js";
import { Client as ClientV1 } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport as TransportV1 } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { z } from "zod";
import { OAuthClient } from "../../scripts/support/oauth-client.ts";
import { type Account, Person } from "../../scripts/support/person.ts";
import { ACCOUNTS } from "./accounts.ts";

export { ACCOUNTS };

const INFO = { name: "pimcp-test", version: "1.0.0" };

/** The 2026-07-28 client, after the whole sign-in. */
export function connectV2(gateway: string, account: Account, path = "/mcp") {
  return connectAs(gateway, new Person(account), path);
}

/** The same for whoever signs in in their own way. */
export async function connectAs(gateway: string, person: Person, path = "/mcp") {
  const url = new URL(path, gateway);
  const oauth = new OAuthClient(person);
  const client = new ClientV2(INFO, { versionNegotiation: { mode: "auto" } });
  try {
    await client.connect(new TransportV2(url, { authProvider: oauth }));
  } catch (error) {
    if (!(error instanceof UnauthorizedError) || oauth.callback === undefined) throw error;
    const transport = new TransportV2(url, { authProvider: oauth });
    await transport.finishAuth(oauth.callback.searchParams);
    await client.connect(transport);
  }
  return { client, oauth };
}

/** The 2025-11-25 client, after the whole sign-in. */
export async function connectV1(gateway: string, account: Account, path = "/mcp") {
  const url = new URL(path, gateway);
  const oauth = new OAuthClient(new Person(account));
  const first = new TransportV1(url, { authProvider: oauth });
  let client = new ClientV1(INFO);
  try {
    await client.connect(first);
    return { client, oauth, transport: first };
  } catch (error) {
    if (!(error instanceof UnauthorizedV1) || oauth.callback === undefined) throw error;
  }
  await first.finishAuth(oauth.callback.searchParams.get("code") ?? "");
  const transport = new TransportV1(url, { authProvider: oauth });
  client = new ClientV1(INFO);
  await client.connect(transport);
  return { client, oauth, transport };
}

/** An access token, got through the real pages. */
export async function tokenFor(gateway: string, account: Account): Promise<string> {
  const { client, oauth } = await connectV2(gateway, account);
  await client.close();
  const token = oauth.tokens()?.access_token;
  if (token === undefined) throw new Error("signing in gave no token");
  return token;
}

/** A raw 2025-era request, as a client's library would send it. */
export function rawRequest(
  gateway: string,
  token: string | undefined,
  body: string,
  headers: Record<string, string> = {},
): Promise<Response> {
  return fetch(new URL("/mcp", gateway), {
    method: "POST",
    body,
    headers: {
      "content-type": "application/json",
      accept: "application/json, text/event-stream",
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...headers,
    },
  });
}

const RpcMessage = z.object({
  id: z.unknown().optional(),
  result: z.unknown().optional(),
  error: z.object({ code: z.number(), message: z.string() }).optional(),
});

/** The JSON-RPC message of a response, whether it is plain JSON or one server-sent event. */
export async function rpcOf(response: Response): Promise<z.infer<typeof RpcMessage>> {
  const text = await response.text();
  const data = text.split("\n").find((line) => line.startsWith("data: "));
  return RpcMessage.parse(JSON.parse(data === undefined ? text : data.slice("data: ".length)));
}

const Parts = z.array(z.object({ text: z.string() }));

/** The text of the first part of a tool's or a resource's contents. */
export function textOf(parts: unknown): string {
  return Parts.parse(parts)[0]?.text ?? "";
}

/** The JSON in the first part of a tool's or a resource's contents. */
export function jsonOf(parts: unknown): unknown {
  return JSON.parse(textOf(parts));
}
