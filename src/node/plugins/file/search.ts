import * as z from "zod";
import { definePluginTool, Failure } from "../../plugin.ts";
import { openIn, type Tree } from "../rooted/tree.ts";
import type { FileSettings } from "./settings.ts";
import { Walk } from "./walk.ts";

/** `file.search` */
export function fileSearch(tree: Tree, settings: FileSettings) {
  return definePluginTool({
    capability: {
      name: "file.search",
      title: "Find files",
      description: `Find files on the node by name, by a text in them, or both. Folders that are open: ${[...tree.roots.keys()].join(", ")}. To read one use file_read.`,
      hints: { readOnly: true, destructive: false, idempotent: true, openWorld: false },
      weight: "light",
    },
    input: z.strictObject({
      folder: z.string().min(1).max(4096).describe('Where to look: a root or a folder below it, such as "docs/2025"'),
      name: z
        .string()
        .min(1)
        .max(200)
        .optional()
        .describe('Name of the file, in any case; * and ? stand for others: "*.txt"'),
      text: z.string().min(1).max(200).optional().describe("Text that a line of the file holds, in any case"),
      max_matches: z.int().min(1).max(1000).optional().describe("The most files to tell of"),
    }),
    async run({ folder, name, text, max_matches }, { signal }) {
      if (name === undefined && text === undefined) {
        throw new Failure('Nothing to look for: give name (such as "*.txt"), text, or both.');
      }
      const walk = new Walk({
        name,
        text: text?.toLowerCase(),
        deny: tree.deny,
        entries: settings.search_entries,
        bytes: settings.search_bytes,
        fileBytes: settings.search_file_bytes,
        matches: Math.min(max_matches ?? settings.search_matches, settings.search_matches),
        until: performance.now() + settings.search_seconds * 1000,
        signal,
      });
      const { handle, path } = await openIn(tree, folder, "folder");
      try {
        await walk.folder(handle, path, 0);
      } finally {
        await handle.close();
      }
      return { folder, ...walk.told() };
    },
  });
}
