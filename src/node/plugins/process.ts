import { spawn } from "node:child_process";
import type { ChildProcessByStdio } from "node:child_process";
import type { Readable, Writable } from "node:stream";
import { env } from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { Failure } from "../plugin.ts";
import { errorCode } from "./rooted/tree.ts";

/** What a process may do before it is killed without asking, in milliseconds. */
const GRACE_MS = 1000;
/** How long its output is waited for after it has ended: somebody else may hold it open. */
const OUTPUT_MS = 500;

export interface Program {
  /** Absolute path. */
  readonly path: string;
  readonly arguments: readonly string[];
  readonly folder: string;
  /** All of its environment. */
  readonly environment: Readonly<Record<string, string>>;
  /** What it reads. */
  readonly input?: string;
  readonly timeoutMs: number;
  /** Of each of its two outputs; one byte more ends it. */
  readonly maxBytes: number;
}

/** How a process ended. */
export interface Ended {
  readonly exitCode: number | null;
  /** "SIGKILL" */
  readonly signal: string | null;
  /** Why we ended it, if we did. */
  readonly stopped: "time" | "output" | null;
  readonly out: Buffer;
  readonly err: Buffer;
  readonly ms: number;
}

type Child = ChildProcessByStdio<Writable, Readable, Readable>;

/**
 * Runs a program in a process group of its own, which is gone when this ends: no shell, nothing of our environment.
 * @throws Failure if it cannot be started; the signal's reason if that ended it
 */
export async function runProgram(program: Program, signal: AbortSignal): Promise<Ended> {
  signal.throwIfAborted();
  const began = performance.now();
  const child = spawn(program.path, program.arguments, {
    cwd: program.folder,
    env: only(program.environment),
    stdio: ["pipe", "pipe", "pipe"],
    shell: false,
    // Its own process group.
    detached: true,
  });
  let stopped: "time" | "output" | "signal" | undefined;
  const stop = (why: "time" | "output" | "signal") => {
    if (stopped !== undefined) return;
    stopped = why;
    killGroup(child, "SIGTERM");
    killer = setTimeout(() => killGroup(child, "SIGKILL"), GRACE_MS);
  };
  let killer: NodeJS.Timeout | undefined;
  const onAbort = () => stop("signal");
  const clock = setTimeout(() => stop("time"), program.timeoutMs);
  signal.addEventListener("abort", onAbort);
  const out = collect(child.stdout, program.maxBytes, () => stop("output"));
  const err = collect(child.stderr, program.maxBytes, () => stop("output"));
  feed(child.stdin, program.input);
  try {
    const end = await endOf(child);
    if (stopped === "signal") signal.throwIfAborted();
    return { ...end, stopped: toldOf(stopped), out: out(), err: err(), ms: Math.round(performance.now() - began) };
  } finally {
    clearTimeout(clock);
    clearTimeout(killer);
    signal.removeEventListener("abort", onAbort);
  }
}

/** An environment with nothing of ours; the type, which the Worker's variables are part of, can only be had from ours. */
function only(environment: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
  const empty: NodeJS.ProcessEnv = { ...env };
  for (const name of Object.keys(empty)) delete empty[name];
  return Object.assign(empty, environment);
}

const toldOf = (stopped: string | undefined) => (stopped === "time" || stopped === "output" ? stopped : null);

/** Collects an output up to a limit, and says when there is more. */
function collect(stream: Readable, max: number, tooMuch: () => void): () => Buffer {
  const pieces: Buffer[] = [];
  let left = max;
  stream.on("data", (piece: Buffer) => {
    if (left > 0) pieces.push(piece.subarray(0, left));
    left -= piece.length;
    if (left < 0) tooMuch();
  });
  stream.on("error", () => undefined);
  return () => Buffer.concat(pieces);
}

function feed(stdin: Writable, input: string | undefined): void {
  // Who does not read it closes it.
  stdin.on("error", () => undefined);
  stdin.end(input);
}

/** Waits for the end of a process, of all that it started, and of its output. */
async function endOf(child: Child): Promise<Pick<Ended, "exitCode" | "signal">> {
  const closed = new Promise<void>((resolve) => void child.once("close", () => resolve()));
  const end = await new Promise<Pick<Ended, "exitCode" | "signal">>((resolve, reject) => {
    child.once("error", (error) => reject(new Failure(`The program could not be started (${errorCode(error)}).`)));
    child.once("exit", (exitCode, signal) => resolve({ exitCode, signal }));
  });
  killGroup(child, "SIGKILL");
  const giveUp = new AbortController();
  await Promise.race([closed, sleep(OUTPUT_MS, undefined, { signal: giveUp.signal }).catch(() => undefined)]);
  giveUp.abort();
  child.stdout.destroy();
  child.stderr.destroy();
  return end;
}

function killGroup({ pid }: Child, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch {
    // Nobody of it is left.
  }
}
