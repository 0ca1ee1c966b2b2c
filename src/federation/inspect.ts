import { canonical } from "../lib/canonical.ts";
import { sha256Hex } from "../lib/crypto.ts";
import { isShallow } from "../lib/json.ts";
import { hiddenIn, visible } from "./hidden.ts";
import { schemaProblem } from "./schema-rules.ts";
import { isOurs, toolNameOf } from "./tool-name.ts";
import { Capability, MAX_SCHEMA } from "./wire/manifest.ts";

/** What a node offers, looked at: fit to be switched on, or refused for good. */
export type Inspected = { readonly name: string } & (
  | { readonly problem: null; readonly definition: string; readonly hash: string }
  | { readonly problem: string; readonly definition: null; readonly hash: null }
);

/** Nesting that no definition needs; deeper ones are not looked at. */
const MAX_DEPTH = 24;
/** The most that is shown of a name that is none. */
const MAX_SHOWN = 80;

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function nameIn(offered: unknown, place: number): string {
  const name = isRecord(offered) ? offered["name"] : undefined;
  return typeof name === "string" && name !== "" ? visible(name.slice(0, MAX_SHOWN)) : `capability ${place + 1}`;
}

/** Keys whose texts may have several lines. */
const WITH_LINES = new Set(["description", "default", "examples", "$comment"]);

/** What is wrong with the name of a field. `__proto__` would be lost on the way, and with it what was agreed to. */
const keyProblem = (key: string) => (key === "__proto__" ? "the field __proto__" : hiddenIn(key));

/** The first hidden sign in any text of a value, names of fields included. */
function hiddenWithin(value: unknown, lines = false): string | undefined {
  if (typeof value === "string") return hiddenIn(value, lines);
  if (Array.isArray(value)) return firstOf(value.map((part) => () => hiddenWithin(part, lines)));
  if (!isRecord(value)) return undefined;
  return firstOf(
    Object.entries(value).map(
      ([key, part]) =>
        () =>
          keyProblem(key) ?? hiddenWithin(part, WITH_LINES.has(key)),
    ),
  );
}

function firstOf<Found>(searches: readonly (() => Found | undefined)[]): Found | undefined {
  for (const search of searches) {
    const found = search();
    if (found !== undefined) return found;
  }
  return undefined;
}

function issueOf(offered: unknown): string {
  const [issue] = Capability.safeParse(offered).error?.issues ?? [];
  return `Its ${issue?.path.join(".") || "definition"} does not fit: ${issue?.message ?? "it is no capability"}.`;
}

const hiddenProblem = (found: string) =>
  found.startsWith("U+")
    ? `Its texts have a hidden sign, ${found}, which a reader would not see.`
    : `Its definition has ${found}.`;

function tooLong(offered: Capability): string | undefined {
  const schemas = Object.entries({ inputSchema: offered.inputSchema, outputSchema: offered.outputSchema });
  const [long] = schemas.find(([, schema]) => schema !== undefined && JSON.stringify(schema).length > MAX_SCHEMA) ?? [];
  return long === undefined ? undefined : `Its ${long} is longer than ${MAX_SCHEMA} characters.`;
}

function clash(name: string, ours: ReadonlySet<string>): string | undefined {
  const tool = toolNameOf(name);
  return isOurs(tool, ours) ? `Its name as a tool, ${tool}, belongs to the gateway.` : undefined;
}

/** Why one capability can never be switched on as it is; `undefined` if it can. */
function problemOf(offered: unknown, ours: ReadonlySet<string>): string | undefined {
  if (!isShallow(offered, MAX_DEPTH)) return `Its definition is nested deeper than ${MAX_DEPTH} levels.`;
  const hidden = hiddenWithin(offered);
  if (hidden !== undefined) return hiddenProblem(hidden);
  const parsed = Capability.safeParse(offered);
  if (!parsed.success) return issueOf(offered);
  const { name, inputSchema, outputSchema } = parsed.data;
  return firstOf([
    () => tooLong(parsed.data),
    () => schemaProblem(inputSchema, "inputSchema"),
    () => (outputSchema === undefined ? undefined : schemaProblem(outputSchema, "outputSchema")),
    () => clash(name, ours),
  ]);
}

async function inspect(offered: unknown, place: number, ours: ReadonlySet<string>): Promise<Inspected> {
  const name = nameIn(offered, place);
  const problem = problemOf(offered, ours);
  if (problem !== undefined) return { name, problem, definition: null, hash: null };
  const definition = canonical(Capability.parse(offered));
  return { name, problem: null, definition, hash: await sha256Hex(definition) };
}

/** Refuses what says the same name as another: whichever is meant, it would be anybody's guess. */
function apart(all: readonly Inspected[]): Inspected[] {
  const same = Map.groupBy(all, ({ name }) => toolNameOf(name));
  return [...same.values()].flatMap((group): Inspected[] => {
    const [first] = group;
    if (first === undefined || group.length === 1) return [...group];
    const names = [...new Set(group.map(({ name }) => name))];
    const problem = `It offers more than one capability with the name ${toolNameOf(first.name)} as a tool.`;
    return names.map((name) => ({ name, problem, definition: null, hash: null }));
  });
}

/** Looks at everything that a node offers, each on its own. @param ours the names of the gateway's own tools */
export async function inspectAll(offered: readonly unknown[], ours: ReadonlySet<string>): Promise<Inspected[]> {
  return apart(await Promise.all(offered.map((each, place) => inspect(each, place, ours))));
}
