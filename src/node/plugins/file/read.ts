import * as z from "zod";
import { definePluginTool } from "../../plugin.ts";
import { openIn, type Tree } from "../rooted/tree.ts";
import { looksBinary, piecesOf } from "./bytes.ts";
import type { FileSettings } from "./settings.ts";

const NEWLINE = 10;

/** `file.read` */
export function fileRead(tree: Tree, settings: FileSettings) {
  return definePluginTool({
    capability: {
      name: "file.read",
      title: "Read a text file",
      description: `Read lines of a text file on the node. Folders that are open: ${[...tree.roots.keys()].join(", ")}. To find a file use file_search.`,
      hints: { readOnly: true, destructive: false, idempotent: true, openWorld: false },
      weight: "light",
    },
    input: z.strictObject({
      path: z.string().min(1).max(4096).describe('Root and way below it, such as "docs/notes.txt"'),
      from_line: z.int().min(1).max(100_000_000).default(1).describe("First line to read; the file begins with 1"),
      lines: z.int().min(1).max(5000).default(400).describe("How many lines"),
    }),
    async run({ path, from_line, lines }, { signal }) {
      const { handle } = await openIn(tree, path, "file");
      try {
        const { size, mtime } = await handle.stat();
        const told = { path, size_bytes: size, modified: mtime.toISOString() };
        const range = rangeOf(from_line, lines, settings.read_bytes);
        for await (const piece of piecesOf(handle, signal)) if (!range.take(piece)) break;
        return range.binary
          ? { ...told, binary: true, note: "It is not text, so it is not read." }
          : { ...told, ...range.told() };
      } finally {
        await handle.close();
      }
    },
  });
}

/** Picks lines out of pieces of a file. */
function rangeOf(first: number, count: number, maxBytes: number) {
  const kept: Uint8Array[] = [];
  let bytes = 0;
  let line = 1;
  let looked = false;
  let binary = false;
  let more = false;
  let full = false;

  /** From where on a piece is wanted, and where that ends. */
  const startIn = (piece: Uint8Array) => {
    let at = 0;
    while (line < first) {
      const newline = piece.indexOf(NEWLINE, at);
      if (newline === -1) return piece.length;
      line += 1;
      at = newline + 1;
    }
    return at;
  };
  const endIn = (piece: Uint8Array, from: number) => {
    let at = from;
    while (line < first + count) {
      const newline = piece.indexOf(NEWLINE, at);
      if (newline === -1) return piece.length;
      line += 1;
      at = newline + 1;
    }
    return at;
  };

  return {
    get binary() {
      return binary;
    },
    /** @returns whether more is wanted */
    take(piece: Uint8Array): boolean {
      if (!looked) binary = looksBinary(piece);
      looked = true;
      if (binary) return false;
      const from = startIn(piece);
      const to = endIn(piece, from);
      const taken = piece.subarray(from, Math.min(to, from + maxBytes - bytes));
      kept.push(taken);
      bytes += taken.length;
      full = taken.length < to - from;
      more = full || to < piece.length;
      return !more;
    },
    told() {
      const whole = Buffer.concat(kept);
      // Not half a character, where it was cut.
      const text = full ? new TextDecoder().decode(whole, { stream: true }) : whole.toString("utf8");
      const newlines = text.split("\n").length - 1;
      if (text === "") {
        return { binary: false, first_line: null, last_line: null, text, truncated: more, next_line: null };
      }
      const ended = text.endsWith("\n");
      const last = first + newlines - (ended ? 1 : 0);
      // A line that was cut is read again from its beginning, unless there is nothing but it.
      const next = full && !ended && newlines > 0 ? last : last + 1;
      const note = full ? { note: "An answer holds no more: the last line may be cut." } : {};
      return {
        binary: false,
        first_line: first,
        last_line: last,
        text,
        truncated: more,
        next_line: more ? next : null,
        ...note,
      };
    },
  };
}
