import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { processorMs } from "../processor.ts";

/** What a process needs of the machine. */
interface Running {
  readonly pid: number;
  readonly parent: number;
  readonly name: string;
  readonly kib: number;
}

/** One field of `/proc/<pid>/status`. */
const field = (status: string, name: string) => new RegExp(`^${name}:\\s+(\\S+)`, "m").exec(status)?.[1] ?? "";

function fromProc(): Running[] {
  return readdirSync("/proc")
    .filter((entry) => /^\d+$/.test(entry))
    .flatMap((entry) => {
      try {
        const status = readFileSync(`/proc/${entry}/status`, "utf8");
        const [parent, kib] = [Number(field(status, "PPid")), Number(field(status, "VmRSS"))];
        return [{ pid: Number(entry), parent, name: field(status, "Name"), kib }];
      } catch {
        // It has ended meanwhile.
        return [];
      }
    });
}

function fromPs(): Running[] {
  const lines = execFileSync("ps", ["-axo", "pid=,ppid=,rss=,comm="], { encoding: "utf8" }).trim().split("\n");
  return lines.map((line) => {
    const [pid, parent, kib, name = ""] = line.trim().split(/\s+/);
    return { pid: Number(pid), parent: Number(parent), kib: Number(kib), name };
  });
}

/** The `workerd` below a process. */
function workerds(running: readonly Running[], root: number): Running[] {
  const below = new Set([root]);
  // Children have higher numbers than their parents only most of the time.
  for (let before = 0; before < below.size;) {
    before = below.size;
    for (const { pid, parent } of running) if (below.has(parent)) below.add(pid);
  }
  return running.filter(({ pid, name }) => below.has(pid) && name.endsWith("workerd"));
}

/** Resident memory of the `workerd` below a process, in MiB. */
function workerdMib(root: number): number {
  const running = existsSync("/proc/self/status") ? fromProc() : fromPs();
  return workerds(running, root).reduce((sum, { kib }) => sum + kib, 0) / 1024;
}

/** Processor time of the `workerd` below a process so far, in seconds; `undefined` where it is not told. */
function workerdSeconds(root: number): number | undefined {
  if (!existsSync("/proc/self/stat")) return undefined;
  return workerds(fromProc(), root).reduce((sum, { pid }) => sum + (processorMs(pid) ?? 0), 0) / 1000;
}

/** Memory over time. */
export class Memory {
  readonly #root: number;
  readonly #timer: ReturnType<typeof setInterval>;
  #peak = 0;

  constructor(root: number) {
    this.#root = root;
    this.#timer = setInterval(() => this.now(), 2000);
  }

  /** MiB now. */
  now(): number {
    const mib = workerdMib(this.#root);
    this.#peak = Math.max(this.#peak, mib);
    return mib;
  }

  /** Seconds of processor time so far; `undefined` where it is not told. */
  processor(): number | undefined {
    return workerdSeconds(this.#root);
  }

  /** MiB at most, as far as was looked. */
  get peak(): number {
    return this.#peak;
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}
