import { outside } from "../src/homes/outside.ts";
import type { Hop } from "../src/contract/diagnosis.ts";
import { fail } from "./support/fail.ts";

/** Looks at the way from an AI client to a gateway, from outside, and says where to look at the rest. */

/** A request that takes longer is said to be lost. */
const REQUEST_MS = 10_000;

const MARKS: Readonly<Record<Hop["state"], string>> = { ok: "ok     ", failed: "FAILED ", skipped: "skipped" };

const [typed] = process.argv.slice(2);
if (typed === undefined) fail("Say which gateway: npm run doctor -- https://pimcp.example.com/mcp");

console.log("");
const hops = await outside(typed, (url, init) => fetch(url, { ...init, signal: AbortSignal.timeout(REQUEST_MS) }));
for (const { hop, state, seen, remedy } of hops) {
  console.log(`  ${MARKS[state]}  ${hop.padEnd(10)}  ${seen}`);
  if (remedy !== undefined) console.log(`                       -> ${remedy}`);
}
const isWell = hops.every(({ state }) => state === "ok");
const page = URL.canParse(typed) ? new URL("/doctor", typed).href : "/doctor of the gateway";
console.log(
  isWell
    ? `\n  Clients reach the gateway. For the way from it to your home sign in at ${page}\n`
    : "\n  Mend the first hop that failed, then run this again.\n",
);
if (!isWell) process.exitCode = 1;
