import * as z from "zod";

/** What a node offers, as it says so itself. The owner decides what of it is switched on, and for whom. */

/** `edge`: in the house. `cloud`: anywhere else. */
export const SITES = ["edge", "cloud"] as const;
export type Site = (typeof SITES)[number];

/** "file.search": a domain and what is done, in lower case. */
export const CAPABILITY_NAME = /^[a-z][a-z0-9_-]{0,31}\.[a-z][a-z0-9_-]{0,47}$/;

/** Names of nodes and homes. */
export const NODE_NAME = /^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$/;

/** The longest description that is taken; a client's model reads every one of them. */
export const MAX_DESCRIPTION = 1024;
/** Characters of one JSON schema. */
export const MAX_SCHEMA = 8 * 1024;
export const MAX_CAPABILITIES = 64;

const JsonSchema = z.looseObject({ type: z.literal("object") });

/** One capability: MCP's `Tool`, with what a router wants to know. */
export const Capability = z.object({
  name: z.string().regex(CAPABILITY_NAME, 'is no name such as "file.search"'),
  title: z.string().min(1).max(80),
  description: z.string().min(1).max(MAX_DESCRIPTION),
  inputSchema: JsonSchema,
  outputSchema: JsonSchema.optional(),
  /** What the node claims; the owner decides what counts. */
  hints: z.object({ readOnly: z.boolean(), destructive: z.boolean(), idempotent: z.boolean(), openWorld: z.boolean() }),
  /** `heavy`: takes long or needs much; runs as an operation, best in the cloud. */
  weight: z.enum(["light", "heavy"]),
});
export type Capability = z.output<typeof Capability>;

export const Manifest = z.object({
  site: z.enum(SITES),
  // Each is looked at on its own, so that one that does not fit does not take the others along.
  capabilities: z.array(z.unknown()).max(MAX_CAPABILITIES),
});
export type Manifest = z.output<typeof Manifest>;
