import { parseArgs } from "node:util";
import { aimsOf, detailsOf } from "../bench/load/report.ts";
import { type Plan, runLoad } from "../bench/load/run.ts";
import { fail } from "./support/fail.ts";
import { publish } from "./support/proof.ts";

/** Puts a thousand people's load on the gateway; see `bench/load/`. */

const PEOPLE = 1000;
const LONG = { minutes: 30, warmUpSeconds: 120 };
const SHORT = { minutes: 1, warmUpSeconds: 10 };

const { values } = parseArgs({
  options: {
    json: { type: "boolean", default: false },
    minutes: { type: "string" },
    people: { type: "string" },
    short: { type: "boolean", default: false },
    write: { type: "boolean" },
  },
});

function numberOf(text: string, name: string, most: number): number {
  const value = Number(text);
  if (!(value > 0 && value <= most)) fail(`--${name} takes a number up to ${most}, not "${text}".`);
  return value;
}

function planOf(): Plan {
  const people = values.people === undefined ? PEOPLE : Math.ceil(numberOf(values.people, "people", PEOPLE));
  if (values.minutes === undefined) return { people, ...(values.short ? SHORT : LONG) };
  const minutes = numberOf(values.minutes, "minutes", 24 * 60);
  // The same share as in the long form.
  return { people, minutes, warmUpSeconds: (minutes * LONG.warmUpSeconds) / LONG.minutes };
}

/** As they would be typed again. */
const options = Object.entries({ short: values.short, minutes: values.minutes, people: values.people })
  .filter(([, value]) => value !== undefined && value !== false)
  .map(([name, value]) => (value === true ? `--${name}` : `--${name} ${value}`))
  .join(" ");

const say = (text: string) => void process.stderr.write(`  ${new Date().toISOString().slice(11, 19)}  ${text}\n`);

const plan = planOf();
try {
  const found = await runLoad(plan, say);
  const proof = {
    part: "load",
    options,
    aims: aimsOf(plan, found),
    details: detailsOf(plan, found),
    results: found,
  } as const;
  // A shorter run is written only if it is asked for: it tells less.
  publish(proof, { json: values.json, write: values.write ?? options === "" });
} catch (error) {
  fail(error instanceof Error ? (error.stack ?? error.message) : String(error));
}
