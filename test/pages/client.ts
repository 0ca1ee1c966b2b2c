import { createServer } from "node:http";
import { z } from "zod";

/** A program on this computer that wants to connect, as far as a browser meets it. */
export interface WaitingClient {
  /** Where it waits for its code. */
  readonly callback: string;
  /** What it was called back with, first to last. */
  readonly calls: readonly URLSearchParams[];
  close(): Promise<void>;
}

/** Waits for a code, and says so to whoever brings it. */
export async function waitingClient(): Promise<WaitingClient> {
  const calls: URLSearchParams[] = [];
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? "/", "http://127.0.0.1");
    if (url.pathname === "/callback") calls.push(url.searchParams);
    response.setHeader("content-type", "text/html");
    response.end(
      '<!doctype html><title>Client</title><link rel="icon" href="data:,"><h1>The client has its answer</h1>',
    );
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
  const address = server.address();
  return {
    callback: `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}/callback`,
    calls,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

const Registered = z.object({ client_id: z.string() });

interface Wish {
  readonly name?: string;
  readonly callback: string;
  readonly scope?: string;
}

/** Registers a client at a gateway. @returns the address to which it sends its person's browser */
export async function requestOf(gateway: string, { name = "Test client", callback, scope }: Wish): Promise<string> {
  const response = await fetch(new URL("/oauth/register", gateway), {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ client_name: name, redirect_uris: [callback], token_endpoint_auth_method: "none" }),
  });
  const { client_id } = Registered.parse(await response.json());
  const url = new URL("/authorize", gateway);
  const query = {
    response_type: "code",
    client_id,
    redirect_uri: callback,
    code_challenge: "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
    code_challenge_method: "S256",
    state: "state-of-the-client",
    resource: new URL("/mcp", gateway).href,
    ...(scope === undefined ? {} : { scope }),
  };
  for (const [key, value] of Object.entries(query)) url.searchParams.set(key, value);
  return url.href;
}
