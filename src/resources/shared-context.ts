import * as z from "zod";
import { defineResource } from "../contract/resource.ts";
import { Fault } from "../lib/errors.ts";
import { parsedJson } from "../lib/json.ts";
import { changesBetween } from "./changes.ts";

/** A path (`federation/wire/context-frames.ts`); the hub knows which keys there are. */
const Key = z
  .string()
  .max(200)
  .regex(/^[A-Za-z0-9][A-Za-z0-9._/-]*$/, 'a path such as "pump/serviced"');

/** Longer ones are read in parts, by `read_context`. */
const MAX_CHARS = 8000;

const Version = z.object({
  version: z.number().int(),
  value: z.unknown(),
  author: z.string(),
  via: z.string().nullable(),
  at: z.string(),
});

interface Valued {
  readonly value: string | null;
}

const valueOf = ({ value }: Valued): unknown => (value === null || value.length > MAX_CHARS ? null : parsedJson(value));

export const sharedEntry = defineResource({
  name: "shared-context",
  title: "Shared note",
  description: "One entry of what people, AI clients and nodes of this home have noted for each other, with its author",
  uri: "context://{+key}",
  role: "viewer",
  // Others write whenever they like.
  ttlMs: 0,
  parameters: z.strictObject({ key: Key }),
  ids: { key: null },
  output: Version.extend({
    key: z.string(),
    zone: z.enum(["home", "cloud"]),
    expires_at: z.string().nullable(),
    conflicts: z.array(Version),
    rest: z.string().nullable().describe("how to get a value that is too long for here"),
  }),
  independent: true,
  watch: {
    async picture({ key }, { shared }) {
      // One that is not there yet, or not any more, can be listened to all the same.
      const entry = await shared.read(key).catch((error: unknown) => {
        if (error instanceof Fault && error.type === "not_found") return undefined;
        throw error;
      });
      if (entry === undefined) return new Map();
      const { version, author } = entry;
      return new Map([[key, { kind: "entry", label: key, within: null, facts: { version, author } }]]);
    },
    changes: changesBetween,
  },
  async read({ key }, { shared }) {
    const entry = await shared.read(key);
    const isLong = (entry.value?.length ?? 0) > MAX_CHARS;
    return {
      ...entry,
      value: valueOf(entry),
      conflicts: entry.conflicts.map((each) => ({ ...each, value: valueOf(each) })),
      rest: isLong ? `read_context with key "${key}"` : null,
    };
  },
});
