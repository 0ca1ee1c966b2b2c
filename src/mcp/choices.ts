import type { Choice, Kind } from "../contract/choice.ts";
import type { Context } from "../contract/context.ts";
import { describeError, log } from "../lib/log.ts";

/** Something of a home that can be chosen. */
export interface Row {
  readonly id: number | string;
  readonly name: string;
}

interface Rows {
  readonly rows: readonly Row[];
  readonly total: number;
}

/** The nodes of the hub; none if it cannot be asked, which hides nothing else. */
async function fleetRows({ fleet }: Context): Promise<readonly Row[]> {
  try {
    return await fleet.nodes();
  } catch (error) {
    log("info", "fleet_not_asked", describeError(error));
    return [];
  }
}

async function fleetPage(context: Context, { limit, offset }: { limit: number; offset: number }): Promise<Rows> {
  const rows = await fleetRows(context);
  return { rows: rows.slice(offset, offset + limit), total: rows.length };
}

/** The rows of each kind, by page. */
export const ROWS_OF: Readonly<
  Record<Kind, (context: Context, page: { limit: number; offset: number }) => Promise<Rows>>
> = {
  cluster: ({ pi }, page) => pi.clusters.list(page),
  node: ({ pi }, page) => pi.nodes.list({ ...page, include_gpio: false }),
  gpio: ({ pi }, page) => pi.gpio.list(page),
  fleet: fleetPage,
};

/** The protocol allows no more (completion/complete). */
const MAX_VALUES = 100;

const ALL_OF: Readonly<Record<Kind, (context: Context) => Promise<readonly Row[]>>> = {
  cluster: ({ pi }) => pi.clusters.all(),
  node: ({ pi }) => pi.nodes.all({ include_gpio: false }),
  gpio: ({ pi }) => pi.gpio.all(),
  fleet: fleetRows,
};

/** Whether a person who has typed this much may mean that. */
const begins = (text: string, typed: string) => text.toLowerCase().startsWith(typed.toLowerCase());

async function fitting(choice: Choice, typed: string, context: Context): Promise<string[]> {
  if (!("of" in choice)) return choice.filter((word) => begins(word, typed));
  const rows = await ALL_OF[choice.of](context);
  if (choice.as === "name") return rows.map(({ name }) => name).filter((name) => begins(name, typed));
  return rows.filter(({ id, name }) => String(id).startsWith(typed) || begins(name, typed)).map(({ id }) => String(id));
}

function offered(values: readonly string[]) {
  return { values: values.slice(0, MAX_VALUES), total: values.length, hasMore: values.length > MAX_VALUES };
}

/** The words that a person may mean who has typed this much. */
export const wordsThatBegin = (words: readonly string[], typed: string) =>
  offered(words.filter((word) => begins(word, typed)));

/** What a parameter may be completed to: values that begin with what was typed, or ids of what is named so. */
export async function completions(choice: Choice, typed: string, context: Context) {
  return offered([...new Set(await fitting(choice, typed, context))]);
}
