import * as z from "zod";
import { SWITCH } from "../../plugin.ts";
import { DENY, Roots } from "../rooted/tree.ts";

export const FileSettings = z.strictObject({
  ...SWITCH,
  roots: Roots.refine((roots) => Object.keys(roots).length > 0, "names no folder"),
  ...DENY,
  /** The most of one file that one answer holds. */
  read_bytes: z
    .int()
    .min(256)
    .max(1024 * 1024)
    .default(48 * 1024),
  /** What one search may cost. */
  search_entries: z.int().min(1).max(1_000_000).default(20_000),
  search_bytes: z
    .int()
    .min(1024)
    .max(4 * 1024 ** 3)
    .default(64 * 1024 * 1024),
  search_seconds: z.number().min(0.001).max(20).default(8),
  search_matches: z.int().min(1).max(1000).default(100),
  /** Longer files are not looked into. */
  search_file_bytes: z
    .int()
    .min(1024)
    .max(64 * 1024 * 1024)
    .default(2 * 1024 * 1024),
});
export type FileSettings = z.output<typeof FileSettings>;
