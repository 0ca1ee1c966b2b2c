import type { Dirent } from "node:fs";
import { type FileHandle, open, readdir } from "node:fs/promises";
import { deniedOf, fitsName, MAX_DEPTH } from "../rooted/names.ts";
import { OPEN_FILE, OPEN_FOLDER } from "../rooted/tree.ts";
import { looksBinary, readUpTo } from "./bytes.ts";

/** Lines of one file that are told, and characters of each. */
const MAX_LINES = 5;
const MAX_LINE = 240;

/** What is looked for, and what it may cost. */
export interface Wanted {
  readonly name: string | undefined;
  /** In lower case. */
  readonly text: string | undefined;
  readonly deny: readonly string[];
  readonly entries: number;
  readonly bytes: number;
  readonly fileBytes: number;
  readonly matches: number;
  /** As `performance.now` counts. */
  readonly until: number;
  readonly signal: AbortSignal;
}

interface Match {
  readonly path: string;
  readonly size_bytes: number;
  readonly modified: string;
  readonly lines?: readonly { readonly line: number; readonly text: string }[];
}

/**
 * One search through folders. Each entry is opened below the folder that is held open, without following links: what
 * somebody moves meanwhile cannot lead out.
 */
export class Walk {
  readonly #wanted: Wanted;
  readonly #matches: Match[] = [];
  readonly #skipped = { denied: 0, links: 0, special: 0, binary: 0, too_big: 0, unreadable: 0, too_deep: 0 };
  #entries = 0;
  #bytes = 0;
  #stopped: string | undefined;

  constructor(wanted: Wanted) {
    this.#wanted = wanted;
  }

  /** What was found, and what was not looked at. */
  told() {
    return {
      matches: this.#matches,
      looked_at: this.#entries,
      skipped: this.#skipped,
      truncated: this.#stopped !== undefined,
      ...(this.#stopped === undefined ? {} : { note: `${this.#stopped} Look in a folder further down for the rest.` }),
    };
  }

  /** Looks through an open folder and all below it. */
  async folder(folder: FileHandle, path: string, depth: number): Promise<void> {
    const at = `/proc/self/fd/${folder.fd}`;
    const entries = await readdir(at, { withFileTypes: true }).catch(() => undefined);
    if (entries === undefined) this.#skipped.unreadable += 1;
    for (const entry of entries?.toSorted(byName) ?? []) {
      if (this.#isOver()) return;
      this.#entries += 1;
      await this.#entry(entry, `${at}/${entry.name}`, `${path}/${entry.name}`, depth);
    }
  }

  async #entry(entry: Dirent, at: string, path: string, depth: number): Promise<void> {
    if (deniedOf([entry.name], this.#wanted.deny) !== undefined) this.#skipped.denied += 1;
    else if (entry.isSymbolicLink()) this.#skipped.links += 1;
    else if (entry.isDirectory()) await this.#below(at, path, depth);
    else if (!entry.isFile()) this.#skipped.special += 1;
    else if (this.#wanted.name === undefined || fitsName(this.#wanted.name, entry.name)) await this.#file(at, path);
  }

  async #below(at: string, path: string, depth: number): Promise<void> {
    if (depth + 2 >= MAX_DEPTH) this.#skipped.too_deep += 1;
    else await this.#opened(at, OPEN_FOLDER, (handle) => this.folder(handle, path, depth + 1));
  }

  async #opened(at: string, flags: number, use: (handle: FileHandle) => Promise<void>): Promise<void> {
    const handle = await open(at, flags).catch(() => undefined);
    if (handle === undefined) {
      this.#skipped.unreadable += 1;
      return;
    }
    try {
      await use(handle);
    } finally {
      await handle.close();
    }
  }

  async #file(at: string, path: string): Promise<void> {
    await this.#opened(at, OPEN_FILE, async (handle) => {
      const stats = await handle.stat();
      if (!stats.isFile()) {
        this.#skipped.special += 1;
        return;
      }
      const match = { path, size_bytes: stats.size, modified: stats.mtime.toISOString() };
      if (this.#wanted.text === undefined) this.#matches.push(match);
      else if (stats.size > this.#wanted.fileBytes) this.#skipped.too_big += 1;
      else {
        const lines = await this.#linesIn(handle, this.#wanted.text);
        if (lines.length > 0) this.#matches.push({ ...match, lines });
      }
    });
  }

  async #linesIn(handle: FileHandle, text: string) {
    const bytes = await readUpTo(handle, this.#wanted.fileBytes, this.#wanted.signal);
    this.#bytes += bytes.length;
    if (looksBinary(bytes)) {
      this.#skipped.binary += 1;
      return [];
    }
    const found: { line: number; text: string }[] = [];
    for (const [index, line] of bytes.toString("utf8").split("\n").entries()) {
      const at = line.toLowerCase().indexOf(text);
      if (at === -1) continue;
      found.push({ line: index + 1, text: around(line, at) });
      if (found.length === MAX_LINES) break;
    }
    return found;
  }

  /** Whether a limit is reached; says which. */
  #isOver(): boolean {
    const { signal, matches, entries, bytes, until } = this.#wanted;
    signal.throwIfAborted();
    if (this.#stopped !== undefined) return true;
    if (this.#matches.length >= matches) this.#stopped = `There may be more than ${matches} matches.`;
    else if (this.#entries >= entries) this.#stopped = `More than ${entries} files and folders were not looked at.`;
    else if (this.#bytes >= bytes) this.#stopped = `More than ${bytes} bytes were not read.`;
    else if (performance.now() >= until) this.#stopped = "The time for one search was over.";
    return this.#stopped !== undefined;
  }
}

/** Code units, which are the same everywhere. */
const byName = (a: Dirent, b: Dirent) => (a.name < b.name ? -1 : 1);

/** The part of a line where something was found. */
function around(line: string, at: number): string {
  const from = Math.max(0, at - MAX_LINE / 2);
  return line
    .slice(from, from + MAX_LINE)
    .toWellFormed()
    .trim();
}
