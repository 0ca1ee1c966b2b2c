/**
 * What a JSON schema of a node must be like. Clients hand it to their models, and one that a model's service does not
 * take makes all tools fail; here, arguments are held against it, and it must not keep us busy.
 */

/** Argument names that the large model services take. */
const ARGUMENT = /^[A-Za-z0-9_.-]{1,64}$/;
/** Arguments that the gateway adds to a tool which has one of the same name begin so. */
const RESERVED_PREFIX = "pimcp_";
const MAX_ARGUMENTS = 64;
const MAX_PATTERN = 256;
/** A repeated group with a repetition in it: such patterns can take for ever. */
const NESTED_REPEAT = /\((?:[^()\\]|\\.)*[*+}](?:[^()\\]|\\.)*\)[*+{]/;

const TYPES: ReadonlySet<unknown> = new Set(["object", "array", "string", "number", "integer", "boolean", "null"]);
/** Not taken at the top by the large model services. */
const NOT_AT_TOP = ["anyOf", "oneOf", "allOf", "not", "enum", "$ref"];
/** Names for schemas, which would let one stand for another. */
const NAMING = ["$id", "id", "$anchor", "$dynamicAnchor", "$dynamicRef", "$recursiveRef", "$recursiveAnchor"];
const ONE = [
  "additionalProperties",
  "additionalItems",
  "unevaluatedItems",
  "unevaluatedProperties",
  "items",
  "contains",
  "propertyNames",
];
const LIST = ["prefixItems"];
const MAP = ["properties", "patternProperties", "$defs", "definitions"];
/** What holds for the same value as the schema that it stands in. */
const SAME_ONE = ["not", "if", "then", "else"];
const SAME_LIST = ["allOf", "anyOf", "oneOf"];
const SAME_MAP = ["dependentSchemas"];

type Json = Readonly<Record<string, unknown>>;

const isRecord = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const isNames = (value: unknown): boolean => Array.isArray(value) && value.every((each) => typeof each === "string");

/** Parts of a schema that are schemas, or should be. */
function partsOf(schema: Json, one: readonly string[], list: readonly string[], map: readonly string[]): unknown[] {
  const lists = [...list, "items"]
    .map((key) => schema[key])
    .filter((value): value is unknown[] => Array.isArray(value));
  const maps = map.map((key) => schema[key]).filter((value) => isRecord(value));
  return [
    ...one.map((key) => schema[key]).filter((value) => value !== undefined && !Array.isArray(value)),
    ...lists.flat(),
    ...maps.flatMap((each) => Object.values(each)),
  ];
}

const isList = (value: unknown) => value === undefined || (Array.isArray(value) && value.length > 0);
const isMap = (value: unknown) => value === undefined || isRecord(value);

function typeProblem({ type }: Json): string | undefined {
  if (type === undefined || TYPES.has(type)) return undefined;
  const known = Array.isArray(type) && type.length > 0 && type.every((each) => TYPES.has(each));
  return known ? undefined : "an unknown type";
}

function patternProblem(pattern: unknown): string | undefined {
  if (typeof pattern !== "string" || pattern.length > MAX_PATTERN) return "a pattern that is too long, or none";
  if (NESTED_REPEAT.test(pattern)) return "a pattern that repeats a repetition, which can take for ever";
  try {
    // Made for its error alone.
    void new RegExp(pattern, "u");
    return undefined;
  } catch {
    return "a pattern that is no regular expression";
  }
}

function patternsProblem({ pattern, patternProperties }: Json): string | undefined {
  const patterns = [
    ...(pattern === undefined ? [] : [pattern]),
    ...(isRecord(patternProperties) ? Object.keys(patternProperties) : []),
  ];
  return patterns.map((each) => patternProblem(each)).find((problem) => problem !== undefined);
}

function formProblem(schema: Json): string | undefined {
  const naming = NAMING.find((key) => typeof schema[key] === "string" || schema[key] === true);
  if (naming !== undefined) return `${naming}, which is not taken here`;
  if ([...LIST, ...SAME_LIST].some((key) => !isList(schema[key]))) return "an empty list of alternatives, or none";
  if ([...MAP, ...SAME_MAP].some((key) => !isMap(schema[key]))) return "no object where one must be";
  if (schema["required"] !== undefined && !isNames(schema["required"])) return "a list of required names that is none";
  if (schema["enum"] !== undefined && !isList(schema["enum"])) return "an empty list of values, or none";
  return typeProblem(schema) ?? patternsProblem(schema);
}

/** What a reference within a schema leads to. */
function target(root: Json, reference: unknown): unknown {
  if (typeof reference !== "string" || !/^#(?:\/|$)/.test(reference)) return undefined;
  const steps = reference
    .slice(2)
    .split("/")
    .filter((step) => step !== "")
    .map((step) => step.replaceAll("~1", "/").replaceAll("~0", "~"));
  let at: unknown = root;
  for (const step of steps) {
    const next: unknown = typeof at === "object" && at !== null ? Object.entries(at).find(([key]) => key === step) : [];
    at = Array.isArray(next) ? next[1] : undefined;
  }
  return at;
}

/** Looks at a schema and all in it, each once. */
class Walk {
  readonly #root: Json;
  readonly #seen = new Set<unknown>();
  readonly #settled = new Set<unknown>();

  constructor(root: Json) {
    this.#root = root;
  }

  problem(schema: unknown): string | undefined {
    if (typeof schema === "boolean" || this.#seen.has(schema)) return undefined;
    if (!isRecord(schema)) return "a part that is no schema";
    this.#seen.add(schema);
    const own = formProblem(schema) ?? this.#referenceProblem(schema);
    if (own !== undefined) return own;
    for (const part of partsOf(schema, [...ONE, ...SAME_ONE], [...LIST, ...SAME_LIST], [...MAP, ...SAME_MAP])) {
      const problem = this.problem(part);
      if (problem !== undefined) return problem;
    }
    return undefined;
  }

  #referenceProblem(schema: Json): string | undefined {
    const { $ref } = schema;
    if ($ref !== undefined && target(this.#root, $ref) === undefined) return "a $ref that leads nowhere in it";
    return this.#returns(schema, new Set()) ? "a $ref that leads back to itself" : undefined;
  }

  /** Whether what holds for the same value comes back to where it began. */
  #returns(schema: unknown, above: ReadonlySet<unknown>): boolean {
    if (!isRecord(schema) || this.#settled.has(schema)) return false;
    if (above.has(schema)) return true;
    const here = new Set([...above, schema]);
    const { $ref } = schema;
    const parts = partsOf(schema, SAME_ONE, SAME_LIST, SAME_MAP);
    const next = $ref === undefined ? parts : [target(this.#root, $ref), ...parts];
    if (next.some((part) => this.#returns(part, here))) return true;
    this.#settled.add(schema);
    return false;
  }
}

function argumentProblem({ properties }: Json): string | undefined {
  const names = isRecord(properties) ? Object.keys(properties) : [];
  if (names.length > MAX_ARGUMENTS) return `more than ${MAX_ARGUMENTS} arguments`;
  if (names.some((name) => !ARGUMENT.test(name))) return "an argument whose name has other signs than A-Z, 0-9, _ . -";
  const ours = names.find((name) => name.startsWith(RESERVED_PREFIX));
  return ours === undefined ? undefined : `an argument ${ours}, whose name belongs to the gateway`;
}

/** What is wrong with a schema of a node, as a sentence; `undefined` if nothing is. */
export function schemaProblem(schema: Json, name: "inputSchema" | "outputSchema"): string | undefined {
  const top = name === "inputSchema" ? NOT_AT_TOP.find((key) => schema[key] !== undefined) : undefined;
  const problem =
    (top === undefined ? undefined : `${top} at its top, which model services do not take`) ??
    (name === "inputSchema" ? argumentProblem(schema) : undefined) ??
    new Walk(schema).problem(schema);
  return problem === undefined ? undefined : `Its ${name} has ${problem}.`;
}
