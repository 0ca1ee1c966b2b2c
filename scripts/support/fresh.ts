import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { delimiter, dirname, join } from "node:path";
import { answers } from "./wrangler.ts";

/** The oldest Node that the README promises. */
export const OLDEST_MAJOR = 20;

/** How long a command may take, the download of all packages included. */
const COMMAND_MS = 600_000;

/** As `process.env` has them. */
export type Variables = Readonly<Record<string, string | undefined>>;

interface FoundNode {
  readonly path: string;
  readonly version: string;
}

function versionOf(path: string): string | undefined {
  try {
    return execFileSync(path, ["--version"], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] })
      .trim()
      .slice(1);
  } catch {
    return undefined;
  }
}

/** PATH without what npm puts there for its scripts, which have a newer Node. */
const ownPath = (env: Variables) =>
  (env["PATH"] ?? "").split(delimiter).filter((folder) => !/node_modules|node-gyp-bin/.test(folder));

/** A Node of the oldest major that is promised: what `NODE_OLD` names, or the first on PATH. */
export function nodeOf(env: Variables): FoundNode | undefined {
  const named = env["NODE_OLD"];
  const places = named === undefined ? ownPath(env).map((folder) => join(folder, "node")) : [named];
  return places
    .map((path) => ({ path, version: versionOf(path) ?? "" }))
    .find(({ version }) => version.startsWith(`${OLDEST_MAJOR}.`));
}

/** npm's settings that say where packages come from; the others would tell the clone's npm of this one's folder. */
const KEPT = /^npm_config_(registry|userconfig|globalconfig|.*proxy|cafile)$/i;

const isForeign = (name: string) => (/^npm_/i.test(name) && !KEPT.test(name)) || name === "INIT_CWD" || name === "NODE";

/** A newcomer's environment: that Node first, an empty npm cache, and nothing of the npm that runs this. */
export function environment(env: Variables, node: string, cache: string): Variables {
  const kept = Object.entries(env).filter(([name]) => !isForeign(name));
  return {
    ...Object.fromEntries(kept),
    PATH: [dirname(node), ...ownPath(env)].join(delimiter),
    npm_config_cache: cache,
  };
}

/** The commands of the README's quick start, in their order. */
export function commandsOf(readme: string): string[] {
  const [, quickStart = ""] = /^## Quick start\n(.*?)^## /ms.exec(readme) ?? [];
  return [...quickStart.matchAll(/^```sh\n(.*?)\n```$/gms)].map(([, command = ""]) => command);
}

interface Place {
  readonly cwd: string;
  readonly env: Variables;
}

interface Started {
  readonly child: ChildProcess;
  readonly ended: Promise<number | null>;
  printed(): string;
}

function start(command: string, { cwd, env }: Place): Started {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the generated type asks for the Worker's variables too
  const variables = { ...env } as NodeJS.ProcessEnv;
  // A group of its own: a shell starts npm, which starts more.
  const child = spawn(command, {
    cwd,
    env: variables,
    shell: true,
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let printed = "";
  const keep = (data: Buffer) => void (printed = (printed + data.toString()).slice(-20_000));
  child.stdout.on("data", keep);
  child.stderr.on("data", keep);
  const ended = new Promise<number | null>((resolve) => child.once("exit", (code) => resolve(code)));
  return { child, ended, printed: () => printed };
}

function end({ child }: Started, signal: NodeJS.Signals): void {
  try {
    if (child.pid !== undefined) process.kill(-child.pid, signal);
  } catch {
    // All of the group has ended.
  }
}

const secondsSince = (begin: number) => (performance.now() - begin) / 1000;

/**
 * Runs a command line to its end.
 * @returns how long it took
 * @throws Error with what it printed, if it fails or does not end
 */
export async function run(command: string, place: Place): Promise<{ seconds: number }> {
  const begin = performance.now();
  const started = start(command, place);
  const timer = setTimeout(() => end(started, "SIGKILL"), COMMAND_MS);
  const code = await started.ended;
  clearTimeout(timer);
  if (code !== 0) throw new Error(`\`${command}\` ended with ${code ?? "a signal"}.\n${started.printed()}`);
  return { seconds: secondsSince(begin) };
}

/**
 * Starts a command line that goes on, and waits until an address answers.
 * @returns how long that took, and a way to stop it with all that it started
 * @throws Error with what it printed, if it ends before or does not answer
 */
export async function startAndWait(
  command: string,
  place: Place,
  url: string,
): Promise<{ seconds: number; stop: () => Promise<void> }> {
  const begin = performance.now();
  const started = start(command, place);
  let running = true;
  void started.ended.then(() => (running = false));
  const stop = async () => {
    end(started, "SIGINT");
    const timer = setTimeout(() => end(started, "SIGKILL"), 10_000);
    await started.ended;
    clearTimeout(timer);
    // What the shell left behind.
    end(started, "SIGKILL");
  };
  // oxlint-disable-next-line no-await-in-loop -- asks again until it answers
  while (!(await answers(url))) {
    if (!running || performance.now() - begin > COMMAND_MS) {
      // oxlint-disable-next-line no-await-in-loop -- the last turn
      await stop();
      throw new Error(`\`${command}\` did not answer at ${url}.\n${started.printed()}`);
    }
    // oxlint-disable-next-line no-await-in-loop -- a pause between two tries
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  return { seconds: secondsSince(begin), stop };
}
