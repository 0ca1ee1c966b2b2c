import type { Hop } from "../contract/diagnosis.ts";
import { Fault } from "../lib/errors.ts";

/** What one look found; `ok` if it does not say. */
export type Found = Omit<Hop, "hop" | "state"> & { readonly state?: Hop["state"] };

/** One hop of a plan: what it is, what must be in order before, and how it is looked at. */
export interface Check {
  readonly hop: string;
  readonly needs: readonly string[];
  /** @throws Fault if it failed */
  readonly look: () => Promise<Found> | Found;
}

/** A fault as a hop's outcome: its first suggestion is the one change. */
export function foundFault(fault: Fault): Found {
  const [remedy] = fault.suggestions;
  return { state: "failed", seen: fault.message, ...(remedy === undefined ? {} : { remedy }) };
}

async function look(check: Check): Promise<Hop> {
  const { hop } = check;
  try {
    return { hop, state: "ok", ...(await check.look()) };
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    return { hop, state: "failed", ...foundFault(error) };
  }
}

/**
 * Looks at hops in their order, one at a time. What needs a hop that failed is skipped, with that as the reason; what
 * is skipped for another reason, as not in use, holds nothing up.
 */
export async function walk(plan: readonly Check[]): Promise<Hop[]> {
  const hops: Hop[] = [];
  const broken = new Map<string, string>();
  for (const check of plan) {
    const cause = check.needs.map((need) => broken.get(need)).find((each) => each !== undefined);
    if (cause !== undefined) {
      broken.set(check.hop, cause);
      hops.push({ hop: check.hop, state: "skipped", seen: `Not looked at: ${cause} failed.` });
      continue;
    }
    const hop = await look(check);
    if (hop.state === "failed") broken.set(check.hop, check.hop);
    hops.push(hop);
  }
  return hops;
}
