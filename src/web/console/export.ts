import { endLine, entryLine, headLine } from "../../activity/export.ts";
import type { Ends } from "../../activity/store.ts";
import type { KeptActivity } from "../../contract/activity.ts";

/** A home's register, as far as an export needs it. */
export interface ExportSource {
  activitiesAfter(seq: number, limit: number): Promise<Ends & { readonly entries: readonly KeptActivity[] }>;
}

/** Entries of one part: the register answers at most so many. */
const PART_ROWS = 500;

/**
 * The record of a home up to its present end, as JSON Lines, a part at a time: what comes later is left out. If entries
 * vanish meanwhile, it ends without its last line, which shows when it is checked.
 */
export async function exportOf(
  register: ExportSource,
  homeId: string,
  now: number,
): Promise<ReadableStream<Uint8Array>> {
  const encoder = new TextEncoder();
  const first = await register.activitiesAfter(0, 0);
  const { head } = first;
  let last = first.base;
  let begun = false;

  async function nextLines(): Promise<string[]> {
    const lines = begun ? [] : [headLine(homeId, last, now)];
    begun = true;
    const { entries } = last.seq < head.seq ? await register.activitiesAfter(last.seq, PART_ROWS) : { entries: [] };
    const wanted = entries.filter(({ seq }) => seq <= head.seq);
    const end = wanted.at(-1);
    if (end !== undefined) last = { seq: end.seq, hash: end.hash };
    const isOver = last.seq >= head.seq;
    return [...lines, ...wanted.map((entry) => entryLine(entry)), ...(isOver ? [endLine(last)] : [])];
  }

  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      const before = last.seq;
      const lines = await nextLines();
      controller.enqueue(encoder.encode(`${lines.join("\n")}\n`));
      if (last.seq >= head.seq || last.seq === before) controller.close();
    },
  });
}
