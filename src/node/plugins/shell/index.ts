import { access, constants, realpath, stat } from "node:fs/promises";
import * as z from "zod";
import {
  definePlugin,
  definePluginTool,
  type PluginCall,
  type PluginHost,
  type PluginTool,
  Refusal,
  SWITCH,
} from "../../plugin.ts";
import { runProgram } from "../process.ts";
import { SECRET_NAMES } from "../rooted/names.ts";
import { openIn, Roots, type Tree, treeOf } from "../rooted/tree.ts";
import { argumentsFor, isLauncherWithChoice, ProgramSettings, usageOf } from "./allowed.ts";

/** What takes longer runs as an operation, in seconds. */
const LIGHT_SECONDS = 20;
/** Characters of all programs together in the description. */
const MAX_USAGE = 700;

const ShellSettings = z.strictObject({
  ...SWITCH,
  programs: z
    .record(z.string().regex(/^[a-z0-9][a-z0-9_.-]{0,31}$/, "is no name such as df"), ProgramSettings)
    .refine((programs) => Object.keys(programs).length > 0, "names no program"),
  /** Where programs may be started, and what `rest: "paths"` may name. */
  roots: Roots.default({}),
  /** All that programs have of an environment, beside PATH and LANG. */
  environment: z.record(z.string().regex(/^[A-Z_][A-Z0-9_]*$/), z.string()).default({}),
  timeout_seconds: z.number().min(0.1).max(600).default(15),
  output_bytes: z
    .int()
    .min(256)
    .max(1024 * 1024)
    .default(32 * 1024),
  at_a_time: z.int().min(1).max(16).default(2),
});
type ShellSettings = z.output<typeof ShellSettings>;

const Input = z.strictObject({
  program: z.string().min(1).max(32).describe("One of the programs that the node allows"),
  arguments: z.array(z.string().max(4096)).max(64).default([]).describe("Each word on its own; no shell reads them"),
  folder: z.string().max(4096).optional().describe('Where to start it: a root or a folder below it, such as "site"'),
});
type Input = z.output<typeof Input>;

const CLEAN = { PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", LANG: "C.UTF-8" };

export const shell = definePlugin({
  name: "shell",
  about: "Runs programs that you name, with arguments that you allow; never a shell.",
  settings: ShellSettings,
  async open(settings, host) {
    const programs = new Map<string, ProgramSettings>();
    for (const [name, program] of Object.entries(settings.programs)) programs.set(name, await checked(name, program));
    const tree = await treeOf(settings.roots, SECRET_NAMES);
    return { tools: [shellRun(settings, programs, tree, host)], close: async () => undefined };
  },
});

/** @throws Refusal if it cannot be run, or would let callers run anything */
async function checked(name: string, program: ProgramSettings): Promise<ProgramSettings> {
  const path = await realpath(program.path).catch(() => undefined);
  const runs = path !== undefined && (await stat(path)).isFile() && (await canRun(path));
  if (!runs) throw new Refusal(`The program "${name}" (${program.path}) is not there or cannot be run.`);
  if (isLauncherWithChoice(path, program) || isLauncherWithChoice(program.path, program)) {
    throw new Refusal(
      `The program "${name}" (${path}) runs what it is given, so its arguments must be exact: write them into begins, and leave rest at "none".`,
    );
  }
  return program;
}

const canRun = (path: string) =>
  access(path, constants.X_OK).then(
    () => true,
    () => false,
  );

function shellRun(
  settings: ShellSettings,
  programs: ReadonlyMap<string, ProgramSettings>,
  tree: Tree,
  host: PluginHost,
): PluginTool<typeof Input> {
  let running = 0;
  return definePluginTool({
    capability: {
      name: "shell.run",
      title: "Run a program",
      description: `Run one of these programs on the node: ${usageOfAll(programs)}`,
      // What a program does, only its owner knows.
      hints: { readOnly: false, destructive: true, idempotent: false, openWorld: true },
      weight: settings.timeout_seconds > LIGHT_SECONDS ? "heavy" : "light",
    },
    input: Input,
    async run(input, call) {
      if (running >= settings.at_a_time) {
        throw new Refusal(`This node runs ${settings.at_a_time} programs at a time, and as many run. Try again later.`);
      }
      running += 1;
      try {
        return await runOne(input, settings, programs, tree, host, call);
      } finally {
        running -= 1;
      }
    },
  });
}

async function runOne(
  input: Input,
  settings: ShellSettings,
  programs: ReadonlyMap<string, ProgramSettings>,
  tree: Tree,
  host: PluginHost,
  { signal }: PluginCall,
): Promise<Readonly<Record<string, unknown>>> {
  const program = programs.get(input.program);
  if (program === undefined) {
    throw new Refusal(
      `This node does not allow "${input.program}"; nothing was run. It allows: ${[...programs.keys()].join(", ")}.`,
    );
  }
  const args = await argumentsFor(input.program, program, input.arguments, tree);
  const folder = await folderFor(input.folder, tree, host);
  try {
    const ended = await runProgram(
      {
        path: program.path,
        arguments: args,
        folder: folder.path,
        environment: { ...CLEAN, ...settings.environment },
        timeoutMs: settings.timeout_seconds * 1000,
        maxBytes: settings.output_bytes,
      },
      signal,
    );
    return {
      program: input.program,
      arguments: input.arguments,
      exit_code: ended.exitCode,
      signal: ended.signal,
      stdout: ended.out.toString("utf8"),
      stderr: ended.err.toString("utf8"),
      truncated: ended.stopped === "output",
      stopped: ended.stopped,
      milliseconds: ended.ms,
      ...(ended.stopped === null ? {} : { note: NOTES[ended.stopped] }),
    };
  } finally {
    await folder.close();
  }
}

const NOTES = {
  time: "It was ended because its time was over; what it had done by then is done.",
  output: "It was ended because it wrote more than is taken; what it had done by then is done.",
} as const;

/** Where a program starts: held open, so that it is the folder that was looked at. */
async function folderFor(wish: string | undefined, tree: Tree, host: PluginHost) {
  const first = wish ?? tree.roots.keys().next().value;
  if (first === undefined) return { path: host.folder("shell"), close: async () => undefined };
  const { handle } = await openIn(tree, first, "folder");
  // "self" is the new process by then, which has the same open files until it becomes the program.
  return { path: `/proc/self/fd/${handle.fd}`, close: () => handle.close() };
}

function usageOfAll(programs: ReadonlyMap<string, ProgramSettings>): string {
  const all = [...programs].map(([name, program]) => usageOf(name, program)).join("; ");
  return all.length <= MAX_USAGE ? `${all}.` : `${[...programs.keys()].join(", ")}.`.slice(0, MAX_USAGE);
}
