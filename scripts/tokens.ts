import { tools } from "../src/tools/index.ts";
import { costOf } from "./support/tokens.ts";

/** Prints what the tools cost a model's context. */
const costs = tools.map((tool) => costOf(tool)).toSorted((a, b) => b.tokens - a.tokens);
for (const { name, tokens } of costs) console.log(`${String(tokens).padStart(5)}  ${name}`);
const total = costs.reduce((sum, { tokens }) => sum + tokens, 0);
const [largest] = costs;
console.log(`total ${total} tokens, ${costs.length} tools, largest ${largest?.tokens ?? 0} (${largest?.name ?? ""})`);
