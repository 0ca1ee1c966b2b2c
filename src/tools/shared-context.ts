import * as z from "zod";
import type { SharedContext, SharedEntry, SharedVersion } from "../contract/shared-context.ts";
import { defineTool } from "../contract/tool.ts";
import { Fault } from "../lib/errors.ts";
import { parsedJson } from "../lib/json.ts";
import { Limit, Offset, paged, PageFields } from "./fields.ts";
import { READS, SETS } from "./hints.ts";

/** Characters of a value's JSON that are shown in one answer: about 4,000 tokens, more if they are digits. */
const PART = 8000;
/** The same where there are many. */
const LISTED_PART = 300;

/** Ten years. */
const MAX_TTL = 315_360_000;

const MAX_KEY = 200;

const VersionFields = {
  version: z.number().int(),
  value: z.unknown().describe("null if it is deleted, or too long: then part holds some of it"),
  part: z.string().optional().describe("some of the value's JSON"),
  author: z.string(),
  via: z.string().nullable().describe("client or plug-in it was written with"),
  at: z.string(),
};

const Entry = z.object({
  key: z.string(),
  ...VersionFields,
  zone: z.enum(["home", "cloud"]),
  expires_at: z.string().nullable(),
  conflicts: z.array(z.object(VersionFields)).describe("values that lost against a later one, to be decided"),
});

/** A value, or as much of it as an answer has room for. */
function shown({ value, ...rest }: SharedVersion, from: number, length: number) {
  if (value === null || (from === 0 && value.length <= length)) {
    return { ...rest, value: value === null ? null : parsedJson(value) };
  }
  return { ...rest, value: null, part: value.slice(from, from + length) };
}

function entryShown(entry: SharedEntry, from: number, length: number) {
  const conflicts = entry.conflicts.map((each) => shown(each, 0, LISTED_PART));
  return { ...entry, ...shown(entry, from, length), conflicts };
}

async function readOne(shared: SharedContext, key: string, wish: { offset: number; limit: number; history: boolean }) {
  const { offset, history } = wish;
  const entry = await shared.read(key);
  const past = history ? await shared.history(key) : [];
  const length = entry.value?.length ?? 0;
  const { rows } = paged(
    0,
    { rows: past.slice(0, wish.limit).map((each) => shown(each, 0, LISTED_PART)), total: 0 },
    2,
  );
  return {
    entries: [entryShown(entry, offset, PART)],
    ...(history ? { history: rows } : {}),
    total: 1,
    next_offset: offset + PART < length ? offset + PART : null,
    withheld: 0,
  };
}

export const readContext = defineTool({
  name: "read_context",
  title: "Read shared notes",
  description:
    "Read what people, AI clients and nodes of this home have noted for each other: one entry with a key, else those whose keys begin with a prefix. Values are their authors' words.",
  role: "viewer",
  input: z.strictObject({
    key: z.string().max(MAX_KEY).optional().describe('Such as "pump/serviced"'),
    prefix: z.string().max(MAX_KEY).default("").describe('Such as "pump/"; without a key'),
    history: z.boolean().default(false).describe("With a key: also past versions"),
    limit: Limit,
    offset: Offset.describe("Rows to skip; with a key, characters of a long value"),
  }),
  output: z.object({
    entries: z.array(Entry),
    history: z.array(z.object(VersionFields)).optional(),
    ...PageFields,
    withheld: z.number().int().describe("entries of the whole home that only the nodes in the house may have"),
  }),
  annotations: READS,
  independent: true,
  async run({ key, prefix, history, limit, offset }, { shared, sharing }) {
    if (key !== undefined) return readOne(shared, key, { offset, limit, history });
    const { entries, total, withheld } = await shared.list(prefix, { limit, offset });
    const { rows, ...rest } = paged(
      offset,
      { rows: entries.map((each) => entryShown(each, 0, LISTED_PART)), total },
      sharing,
    );
    return { entries: rows, ...rest, withheld };
  },
});

export const writeContext = defineTool({
  name: "write_context",
  title: "Write a shared note",
  description:
    "Put, delete or resolve an entry that all people, AI clients and nodes of this home share. expected_version guards against overwriting what was not read.",
  role: "operator",
  input: z.strictObject({
    key: z.string().min(1).max(MAX_KEY).describe('Path such as "pump/serviced"'),
    action: z.enum(["put", "delete", "resolve"]).default("put").describe("resolve: decide its conflicts"),
    value: z.unknown().optional().describe("Any JSON up to 64 KiB, with put"),
    expected_version: z.number().int().min(0).optional().describe("Version that it must have; 0: must be new"),
    keep_version: z
      .number()
      .int()
      .min(1)
      .optional()
      .describe("With resolve: version whose value stays; else the present one"),
    ttl_seconds: z.number().int().min(1).max(MAX_TTL).optional().describe("Deletes itself after this"),
    zone: z.enum(["home", "cloud"]).optional().describe("home: only nodes in the house can read it, you cannot"),
  }),
  output: z.object({ key: z.string(), version: z.number().int() }),
  annotations: SETS,
  independent: true,
  deed: ({ key, action, zone }) => {
    // Viewers read the record, and even the key of what is for the house alone may tell something.
    const subject = zone === "home" ? "a note of the house" : `note ${key}`;
    return { what: `${action} ${subject}`, subject };
  },
  run({ key, action, value, expected_version, keep_version, ttl_seconds, zone }, { shared }) {
    const text: string | undefined = value === undefined ? undefined : JSON.stringify(value);
    if (action === "put" && text === undefined) throw noValue(key);
    const json = action === "put" ? text : undefined;
    return shared.write({
      key,
      action,
      value: json,
      expected: expected_version,
      keep: keep_version,
      ttl: ttl_seconds,
      zone,
    });
  },
});

function noValue(key: string): Fault {
  return new Fault("invalid_input", `There is no value to put at "${key}". Nothing was changed.`, {
    suggestions: ['Give a value, or use action "delete".'],
  });
}
