import { Fault } from "../lib/errors.ts";
import type { Page, PageRequest } from "./dialect.ts";
import { TooLarge } from "./request.ts";

/** The most rows that a controller sends at once (contract, section 2.3). */
const MOST_ROWS = 1000;

/** A released controller allows ten requests at once, and then one a second (contract, section 2.4). */
const MOST_REQUESTS = 10;

/** A thousand rows in eight pages leave two requests: one that was too large, and one to spare. */
const SMALLER = 8;

function notReadable(why: string): Fault {
  return new Fault("operation_failed", `The whole list could not be read: ${why}. Nothing was changed.`, {
    suggestions: ["Ask for a part of it with a tool that takes limit and offset."],
  });
}

/**
 * Every row of a list, by id: with one request, or in smaller pages if that answer is too large to read.
 * @throws Fault `operation_failed` if ten requests do not hold it, or if it changed while it was read
 */
export async function everyRow<Row extends { readonly id: number }>(
  ask: (page: PageRequest) => Promise<Page<Row>>,
): Promise<readonly Row[]> {
  const found = new Map<number, Row>();
  let [limit, offset] = [MOST_ROWS, 0];
  for (let requests = 0; requests < MOST_REQUESTS; requests += 1) {
    const page = await ask({ limit, offset }).catch((error: unknown) => {
      if (!(error instanceof TooLarge) || limit === 1) throw error;
      return undefined;
    });
    if (page === undefined) {
      limit = Math.ceil(limit / SMALLER);
      continue;
    }
    for (const row of page.rows) found.set(row.id, row);
    offset += page.rows.length;
    if (page.rows.length > 0 && offset < page.total) continue;
    // Pages of a list that has no order, or that changed meanwhile, may leave a row out: better none than some.
    if (found.size < page.total) throw notReadable("it changed meanwhile");
    return [...found.values()].toSorted((a, b) => a.id - b.id);
  }
  throw notReadable(`it is larger than ${MOST_REQUESTS} requests can hold`);
}
