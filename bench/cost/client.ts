import { z } from "zod";
import { rawRequest, rpcOf, textOf } from "../../test/support/clients.ts";

/** An AI client that sends single requests, as Claude.ai does: without a session id, in the 2025 era. */

const VERSION = "2025-06-18";

const Told = z.looseObject({
  isError: z.boolean().optional(),
  content: z.array(z.unknown()).optional(),
  structuredContent: z.looseObject({}).optional(),
});

const Fault = z.looseObject({ message: z.string(), confirm_token: z.string().optional() });

export type Args = Readonly<Record<string, unknown>>;

/** What a call came to: a value, or what must be confirmed first. */
export interface Answered {
  readonly value: Args;
  readonly confirm: string | undefined;
}

export interface Client {
  readonly token: string;
  /** @throws Error if the gateway answers with a protocol error */
  ask(method: string, params?: Args): Promise<unknown>;
  /** @throws Error if the tool fails */
  tool(name: string, args?: Args): Promise<Answered>;
}

/** A client with an access token. */
export function clientWith(gateway: string, token: string): Client {
  let id = 0;
  async function ask(method: string, params: Args = {}): Promise<unknown> {
    id += 1;
    const body = JSON.stringify({ jsonrpc: "2.0", id, method, params });
    const response = await rawRequest(gateway, token, body, { "mcp-protocol-version": VERSION });
    const { result, error } = await rpcOf(response);
    if (error !== undefined) throw new Error(`${method} failed: ${error.message}`);
    return result;
  }
  return {
    token,
    ask,
    async tool(name, args = {}) {
      const told = Told.parse(await ask("tools/call", { name, arguments: args }));
      if (told.isError !== true) return { value: told.structuredContent ?? {}, confirm: undefined };
      const fault = Fault.parse(JSON.parse(textOf(told.content)));
      if (fault.confirm_token === undefined) throw new Error(`${name} failed: ${fault.message}`);
      return { value: {}, confirm: fault.confirm_token };
    },
  };
}
