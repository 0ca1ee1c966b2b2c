import type { AnyPrompt } from "../../src/contract/prompt.ts";
import type { AnyResource } from "../../src/contract/resource.ts";
import type { AnyTool } from "../../src/contract/tool.ts";
import { CAPS, RATES, TALLIES } from "../../src/limits/table.ts";

/** The README's tables that are made from the catalogue and held equal to it by a test. */

export function toolTable(tools: readonly AnyTool[]): string {
  const rows = tools.map(({ name, role, description }) => `| \`${name}\` | ${role} | ${description} |`);
  return ["| tool | least role | what it does |", "| --- | --- | --- |", ...rows].join("\n");
}

export function resourceTable(resources: readonly AnyResource[]): string {
  const rows = resources.map(({ uri, role, description }) => `| \`${uri}\` | ${role} | ${description} |`);
  return ["| resource | least role | what it is |", "| --- | --- | --- |", ...rows].join("\n");
}

export function promptTable(prompts: readonly AnyPrompt[]): string {
  const rows = prompts.map(({ name, role, description }) => `| \`${name}\` | ${role} | ${description} |`);
  return ["| prompt | least role | what it asks for |", "| --- | --- | --- |", ...rows].join("\n");
}

/** 60 is "a minute". */
const PERIODS: Readonly<Record<number, string>> = {
  10: "in 10 s",
  60: "a minute",
  86_400: "a day",
  2_678_400: "in 31 days",
};

const often = ({ limit, seconds }: { limit: number; seconds: number }) => `${limit} ${PERIODS[seconds]}`;

/** How often something may be done. */
export function rateTable(): string {
  const rates = Object.values(RATES).map(({ what, per, why, ...rate }) => ({ what, per, why, limit: often(rate) }));
  const tallies = Object.values(TALLIES).map(({ what, per, why, windows }) => {
    const all: readonly Parameters<typeof often>[0][] = windows;
    return {
      what,
      per,
      why,
      limit: all.map((window) => often(window)).join(", "),
    };
  });
  const rows = [...rates, ...tallies].map(({ what, per, limit, why }) => `| ${what} | ${per} | ${limit} | ${why} |`);
  return ["| what | for each | limit | why |", "| --- | --- | --- | --- |", ...rows].join("\n");
}

/** How large something may be, and how many at a time. */
export function capTable(): string {
  const rows = Object.values(CAPS).map(
    ({ what, limit, unit, why }) => `| ${what} | ${limit.toLocaleString("en")} ${unit} | ${why} |`,
  );
  return ["| what | limit | why |", "| --- | --- | --- |", ...rows].join("\n");
}
