import type { Difference } from "../contract/node-register.ts";
import { numbered, visible } from "./hidden.ts";
import type { Capability } from "./wire/manifest.ts";

/** How fields of a definition are called on the owner's page. */
const FIELDS: ReadonlyMap<string, string> = new Map([
  ["inputSchema", "arguments"],
  ["outputSchema", "answer"],
  ["hints", "what it says of itself"],
  ["readOnly", "only reads"],
  ["openWorld", "reaches beyond its machine"],
]);
/** Levels of a JSON schema that say nothing to a person. */
const SILENT: ReadonlySet<string> = new Set(["properties"]);

const isComposed = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function shown(value: unknown): string | null {
  if (value === undefined) return null;
  if (typeof value === "string") return visible(value);
  if (typeof value === "boolean") return value ? "yes" : "no";
  return visible(JSON.stringify(value));
}

const isPlain = (sign: string | undefined) => sign !== undefined && /^[\x20-\x7e]$/.test(sign);

/** Names the first signs that differ, if one of them may look like another. */
function noteOf(was: unknown, is: unknown): string | null {
  if (typeof was !== "string" || typeof is !== "string") return null;
  const [before, after] = [Array.from(was), Array.from(is)];
  const at = before.findIndex((sign, place) => sign !== after[place]);
  const [one, other] = [before[at], after[at]];
  if (one === undefined || other === undefined || (isPlain(one) && isPlain(other))) return null;
  return `first at sign ${at + 1}: ${numbered(one)} has become ${numbered(other)}`;
}

const isSame = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b);

function between(was: unknown, is: unknown, path: readonly string[]): Difference[] {
  if (isSame(was, is)) return [];
  if (!isComposed(was) || !isComposed(is)) {
    const field = path.map((key) => visible(key)).join(" › ");
    return [{ field, was: shown(was), is: shown(is), note: noteOf(was, is) }];
  }
  // As maps: a node may call a field as something that every object has.
  const [before, after] = [new Map(Object.entries(was)), new Map(Object.entries(is))];
  const keys = [...new Set([...before.keys(), ...after.keys()])].toSorted();
  return keys.flatMap((key) =>
    between(before.get(key), after.get(key), SILENT.has(key) ? path : [...path, FIELDS.get(key) ?? key]),
  );
}

/** How a definition differs from the one that was agreed to, field by field. Both in canonical order. */
export function differences(was: Capability, is: Capability): Difference[] {
  return between(was, is, []);
}
