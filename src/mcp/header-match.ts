import * as z from "zod";

const Named = z.object({
  method: z.string(),
  params: z.looseObject({ name: z.string().optional(), uri: z.string().optional() }).optional(),
});

/**
 * Whether the headers that repeat the body say the same. The library asks this of 2026-07-28 clients; of older ones
 * too, if they send them, because something on the way may go by the headers alone.
 */
export function headersMatch(headers: Pick<Headers, "get">, body: unknown): boolean {
  const method = headers.get("mcp-method");
  const name = headers.get("mcp-name");
  if (method === null && name === null) return true;
  const named = Named.safeParse(body).data;
  if (named === undefined || (method !== null && method !== named.method)) return false;
  return name === null || name === (named.params?.name ?? named.params?.uri);
}
