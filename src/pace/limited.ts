import { parsedJson } from "../lib/json.ts";
import * as z from "zod";
import { readCapped } from "../lib/read-capped.ts";

/** A rate limit's words (contract 2.4); a locked account is a 429 too (3.3). */
const RateLimit = z.object({ error: z.literal("Rate Limit Exceeded") });

/** A refusal is short. */
const MAX_REFUSAL_BYTES = 64 * 1024;

const isRateLimit = (text: string) => RateLimit.safeParse(parsedJson(text)).success;

/** The answer; `undefined` if it is a home's rate limit, which means that nothing was done. */
export async function unlessLimited(response: Response): Promise<Response | undefined> {
  if (response.status !== 429) return response;
  const text = (await readCapped(response.body, MAX_REFUSAL_BYTES)) ?? "";
  if (isRateLimit(text)) return undefined;
  const { status, headers } = response;
  return new Response(text, { status, headers });
}

/** What the limit per address calls itself; pins have another one, which it is then hidden by (contract 2.4). */
const PER_ADDRESS = "60";

/**
 * The most requests that the home takes at once after this one; `undefined` if it does not say. It tells whole ones,
 * and may have almost one more.
 */
export function leftAfter({ headers }: Response): number | undefined {
  if (headers.get("x-ratelimit-limit") !== PER_ADDRESS) return undefined;
  const left = Number(headers.get("x-ratelimit-remaining") ?? Number.NaN);
  return Number.isInteger(left) && left >= 0 ? left + 1 : undefined;
}
