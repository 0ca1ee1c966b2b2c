import { spawn, type SpawnOptions } from "node:child_process";
import { delimiter, join } from "node:path";

/** How a run of wrangler ended. */
export interface Ended {
  readonly code: number;
  /** What it printed; empty if it was shown to the person. */
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs wrangler. */
export interface Wrangler {
  /** Keeps what it prints. */
  quietly(args: readonly string[], env?: Readonly<Record<string, string>>): Promise<Ended>;
  /** Shows what it prints, and lets it ask if somebody is there. */
  openly(args: readonly string[], env?: Readonly<Record<string, string>>): Promise<Ended>;
}

/** The wrangler on the path, where npm puts this repository's own first. */
export function wranglerOf(
  folder: string,
  env: Readonly<Record<string, string | undefined>>,
  interactive: boolean,
): Wrangler {
  const installed = join(folder, "node_modules");
  const path = [env["PATH"], join(installed, ".bin")].filter((part) => part !== undefined).join(delimiter);
  const base = Object.fromEntries(
    Object.entries(env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
  // On Windows the command is a batch file, whose arguments a shell would read once more.
  const [command, first] =
    process.platform === "win32" ? [process.execPath, [join(installed, "wrangler/bin/wrangler.js")]] : ["wrangler", []];
  const run = (args: readonly string[], own: Readonly<Record<string, string>>, shown: boolean): Promise<Ended> =>
    new Promise((resolve, reject) => {
      const output = shown ? "inherit" : "pipe";
      const options: SpawnOptions = {
        cwd: folder,
        env: { ...process.env, ...base, PATH: path, ...own },
        stdio: [shown && interactive ? "inherit" : "ignore", output, output],
      };
      const child = spawn(command, [...first, ...args], options);
      let stdout = "";
      let stderr = "";
      child.stdout?.on("data", (data: Buffer) => (stdout += data.toString()));
      child.stderr?.on("data", (data: Buffer) => (stderr += data.toString()));
      child.once("error", reject);
      child.once("close", (code) => resolve({ code: code ?? 1, stdout, stderr }));
    });
  return {
    quietly: (args, own = {}) => run(args, own, false),
    openly: (args, own = {}) => run(args, own, true),
  };
}
