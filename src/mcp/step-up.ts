import * as z from "zod";
import type { Caller, HomeAccess } from "../contract/caller.ts";
import { atLeast, type Role } from "../contract/role.ts";
import { HOME } from "./homes.ts";

/** Says, on its way from the session to the route, which role a client would have to be granted. */
export const NEEDED_ROLE = "x-pimcp-needed-role";

const ToolCall = z.object({
  method: z.literal("tools/call"),
  params: z.object({ name: z.string(), arguments: z.record(z.string(), z.unknown()).optional() }),
});

/** What a caller has at the home that a call names, or at their only one. */
function accessFor({ homes }: Caller, asked: unknown): HomeAccess | undefined {
  const [only, ...others] = Object.values(homes);
  if (others.length === 0) return only;
  return typeof asked === "string" && Object.hasOwn(homes, asked) ? homes[asked] : undefined;
}

/** The tool that a request calls, and with what; `undefined` if it calls none. */
export function calledTool(body: unknown): { name: string; args: Readonly<Record<string, unknown>> } | undefined {
  const call = ToolCall.safeParse(body);
  return call.success ? { name: call.data.params.name, args: call.data.params.arguments ?? {} } : undefined;
}

/**
 * The role that a call needs, if its person has that role and has granted the client less: then the client can ask
 * them for more, and is told so in OAuth's own way. Whoever has not got the role is refused by the call itself.
 * @param roleOf the role that a tool needs; `undefined` if there is no such tool
 */
export function neededRole(
  body: unknown,
  caller: Caller,
  roleOf: (tool: string) => Role | undefined,
): Role | undefined {
  const call = calledTool(body);
  if (call === undefined) return undefined;
  const needed = roleOf(call.name);
  const access = accessFor(caller, call.args[HOME]);
  if (needed === undefined || access?.ceiling === undefined) return undefined;
  return !atLeast(access.role, needed) && atLeast(access.ceiling, needed) ? needed : undefined;
}
