import { type Schema, Validator } from "@cfworker/json-schema";
import type { Capability } from "./wire/manifest.ts";

/** Errors that are told at a time. */
const MAX_TOLD = 5;

/** Keywords whose errors only say that something below them does not fit. */
const SUMMARIES = ["properties", "items", "allOf", "anyOf", "oneOf", "$ref", "not", "false"];
/** Told only if nothing else is wrong: a known argument that does not fit counts as one too many, too. */
const VAGUE = [...SUMMARIES, "additionalProperties"];

/**
 * Keywords that are not looked at here, but by the node itself: a pattern of a stranger can be made to take for ever,
 * and so can references that multiply.
 */
const LEFT_TO_NODE: ReadonlySet<string> = new Set(["pattern", "patternProperties", "format", "$dynamicRef"]);
const MAX_REFERENCES = 16;

interface Weeded {
  references: number;
}

function weedAny(value: unknown, found: Weeded): unknown {
  if (Array.isArray(value)) return value.map((each) => weedAny(each, found));
  return typeof value === "object" && value !== null ? weed({ ...value }, found) : value;
}

/** A schema without what is left to the node. A property may have the name of a keyword: a schema is its value then. */
function weed(schema: Readonly<Record<string, unknown>>, found: Weeded): Record<string, unknown> {
  const kept = Object.entries(schema).filter(
    ([key, value]) => !LEFT_TO_NODE.has(key) || (key !== "patternProperties" && typeof value === "object"),
  );
  found.references += kept.filter(([key, value]) => key === "$ref" && typeof value === "string").length;
  return Object.fromEntries(kept.map(([key, value]) => [key, weedAny(value, found)]));
}

/** What the validator says in words of its own, as a caller understands it. */
const PLAINER: readonly (readonly [RegExp, string])[] = [
  [/^Instance does not have required property "(.*)"\.?$/s, '"$1" is missing'],
  [/^Property "(.*)" does not match additional properties schema\.?$/s, '"$1" is none of its arguments'],
];

const plainer = (error: string) => PLAINER.reduce((text, [said, meant]) => text.replace(said, meant), error);

const pathOf = (location: string) => location.replace(/^#\/?/, "").replaceAll("/", ".");

/**
 * What about a call's arguments does not fit the schema that the owner has agreed to, as sentences for the model;
 * empty if they fit as far as is seen here. The schema is interpreted, never compiled: it is a stranger's.
 */
export function misfits(inputSchema: Capability["inputSchema"], args: Readonly<Record<string, unknown>>): string[] {
  const found: Weeded = { references: 0 };
  const schema = weed(inputSchema, found);
  if (found.references > MAX_REFERENCES) return [];
  const result = validate(schema, args);
  if (result === undefined || result.valid) return [];
  const telling = [VAGUE, SUMMARIES, []]
    .map((left) => result.errors.filter(({ keyword }) => !left.includes(keyword)))
    .find((errors) => errors.length > 0);
  return (telling ?? []).slice(0, MAX_TOLD).map(({ instanceLocation, error }) => {
    const path = pathOf(instanceLocation);
    return path === "" ? plainer(error) : `${path}: ${plainer(error)}`;
  });
}

/** `undefined` if the schema cannot be followed, such as one that refers to itself without end. */
function validate(schema: Schema, args: Readonly<Record<string, unknown>>) {
  try {
    return new Validator(schema, "2020-12", false).validate(args);
  } catch {
    return undefined;
  }
}
