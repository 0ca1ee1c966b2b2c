import { lstat, open, readlink, realpath } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import * as z from "zod";
import { REMOVED, withoutSecrets } from "../../lib/secrets.ts";
import { definePlugin, definePluginTool, Failure, type PluginCall, Refusal, SWITCH } from "../plugin.ts";
import { runProgram } from "./process.ts";
import { OPEN_FILE } from "./rooted/tree.ts";

/** Characters of one line. */
const MAX_LINE = 1000;
/** What journalctl may take, in milliseconds. */
const JOURNAL_MS = 15_000;

const LogSettings = z.strictObject({
  ...SWITCH,
  /** systemd units, exactly. */
  units: z
    .array(z.string().regex(/^[A-Za-z0-9:_.@-]{1,200}\.[a-z]+$/, "is no name such as k3s.service"))
    .max(100)
    .default([]),
  /** Files by the names that callers know them by. */
  files: z
    .record(z.string().regex(/^[a-z0-9][a-z0-9_-]{0,31}$/), z.string().startsWith("/", "must be an absolute path"))
    .default({}),
  journalctl: z.string().startsWith("/").default("/usr/bin/journalctl"),
  max_lines: z.int().min(1).max(5000).default(500),
  max_bytes: z
    .int()
    .min(256)
    .max(1024 * 1024)
    .default(64 * 1024),
});
type LogSettings = z.output<typeof LogSettings>;

const Input = z.strictObject({
  source: z.string().min(1).max(200).describe("One of the units or files that the node opens"),
  lines: z.int().min(1).max(5000).default(100).describe("The last so many lines"),
  // A plain text in the schema: zod's pattern for times is longer than a gateway takes.
  since: z
    .string()
    .max(40)
    .refine(
      (text) => z.iso.datetime({ offset: true }).safeParse(text).success,
      "must be a time such as 2026-01-31T08:00:00Z",
    )
    .optional()
    .describe("Only from then on, such as 2026-01-31T08:00:00Z; for units"),
});

export const log = definePlugin({
  name: "log",
  about: "Shows the last lines of systemd units and log files that you name; what looks like a secret is removed.",
  settings: LogSettings,
  async open(settings) {
    const files = new Map<string, string>();
    for (const [name, path] of Object.entries(settings.files)) files.set(name, await placeOf(path));
    const sources = [...settings.units, ...files.keys()];
    if (sources.length === 0) throw new Refusal("The plug-in log names no unit and no file: there is nothing to show.");
    return { tools: [logTail(settings, files, sources)], close: async () => undefined };
  },
});

/** Where a file really lies, which need not exist yet. */
async function placeOf(path: string): Promise<string> {
  const folder = await realpath(dirname(path)).catch(() => undefined);
  if (folder === undefined) throw new Refusal(`The folder of the log ${path} does not exist.`);
  return join(folder, basename(path));
}

function logTail(settings: LogSettings, files: ReadonlyMap<string, string>, sources: readonly string[]) {
  return definePluginTool({
    capability: {
      name: "log.tail",
      title: "Show a log",
      description: `Show the last lines of a log on the node. Logs: ${sources.join(", ").slice(0, 700)}.`,
      hints: { readOnly: true, destructive: false, idempotent: true, openWorld: false },
      weight: "light",
    },
    input: Input,
    async run({ source, lines, since }, call) {
      const count = Math.min(lines, settings.max_lines);
      const file = files.get(source);
      if (file !== undefined) {
        if (since !== undefined) throw new Failure(`since is only for units, and "${source}" is a file. Leave it out.`);
        return { source, ...told(await tailOf(source, file, settings.max_bytes, call.signal), count) };
      }
      if (!settings.units.includes(source)) {
        throw new Refusal(`This node does not show "${source}". It shows: ${sources.join(", ")}.`);
      }
      return { source, ...told(await journalOf(source, count, since, settings, call), count) };
    },
  });
}

interface Tail {
  readonly text: string;
  /** Whether the beginning is missing. */
  readonly cut: boolean;
}

/** The end of a file; nothing but a plain file at exactly this place. */
async function tailOf(name: string, path: string, max: number, signal: AbortSignal): Promise<Tail> {
  const stats = await lstat(path).catch(() => undefined);
  if (stats === undefined) throw new Failure(`The log "${name}" does not exist or may not be read at present.`);
  if (!stats.isFile()) throw new Refusal(`The log "${name}" is a link or no plain file, so it is not read.`);
  const handle = await open(path, OPEN_FILE).catch(() => {
    throw new Failure(`The log "${name}" may not be read by this node's account.`);
  });
  try {
    const { size } = await handle.stat();
    if ((await readlink(`/proc/self/fd/${handle.fd}`)) !== path) {
      throw new Refusal(`The log "${name}" changed while it was opened. Ask again.`);
    }
    signal.throwIfAborted();
    const length = Math.min(size, max);
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, size - length);
    return { text: buffer.subarray(0, bytesRead).toString("utf8"), cut: size > length };
  } finally {
    await handle.close();
  }
}

/** The end of a unit's journal. */
async function journalOf(
  unit: string,
  lines: number,
  since: string | undefined,
  settings: LogSettings,
  { signal }: PluginCall,
): Promise<Tail> {
  const from = since === undefined ? [] : [`--since=@${Math.floor(Date.parse(since) / 1000)}`];
  const ended = await runProgram(
    {
      path: settings.journalctl,
      arguments: [
        `--unit=${unit}`,
        `--lines=${lines}`,
        "--no-pager",
        "--quiet",
        "--output=short-iso",
        "--reverse",
        ...from,
      ],
      folder: "/",
      environment: { LANG: "C.UTF-8" },
      timeoutMs: JOURNAL_MS,
      maxBytes: settings.max_bytes,
    },
    signal,
  );
  if (ended.stopped === "time") throw new Failure("journalctl took too long. Ask for fewer lines.");
  // Newest first, so that what does not fit is the oldest.
  const cut = ended.stopped === "output";
  if (ended.exitCode !== 0 && !cut) {
    throw new Failure(`journalctl failed: ${withoutSecrets(ended.err.toString("utf8")).trim().slice(0, 300)}`);
  }
  const newest = ended.out.toString("utf8").trimEnd().split("\n");
  return { text: (cut ? newest.slice(0, -1) : newest).toReversed().join("\n"), cut };
}

function told({ text, cut }: Tail, count: number) {
  // A secret may run over several lines, as keys do, and may have begun before.
  const safe = withoutSecrets(text).replace(/^[\s\S]*-----END [A-Z ]*PRIVATE KEY-----/, REMOVED);
  const all = safe.replace(/\n$/, "").split("\n");
  // The first one may have lost its beginning, by which a secret is known.
  const whole = cut && all.length > 1 ? all.slice(1) : all;
  const kept = whole.slice(-count).map((line) => clean(line));
  return { lines: text === "" ? [] : kept, truncated: cut || whole.length > count };
}

/** Without signs that a terminal or a reader would obey. */
const clean = (line: string) =>
  (line.length > MAX_LINE ? `${line.slice(0, MAX_LINE)}…` : line).replace(/[\p{Cc}\p{Cf}]+/gu, " ").toWellFormed();
