import { type ChildProcess, spawn } from "node:child_process";
import { createServer } from "node:net";
import { join } from "node:path";

/** The repository's folder. */
export const ROOT = join(import.meta.dirname, "../..");

const WRANGLER = join(ROOT, "node_modules/wrangler/bin/wrangler.js");

/** How long the Worker may take to be built and to answer, on a slow machine with a cold cache. */
const START_MS = 120_000;

/** Whether nothing listens on a port of this machine yet. */
export function isPortFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}

/** A port that is free now. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() =>
        typeof address === "object" && address !== null ? resolve(address.port) : reject(new Error()),
      );
    });
  });
}

export interface WranglerOptions {
  readonly port: number;
  /** Files of variables, later ones winning. */
  readonly envFiles: readonly string[];
  readonly config?: string;
  /** Where KV and Durable Objects are kept; without it, `.wrangler/state`. */
  readonly persistTo?: string;
  /** What is done with the Worker's output. */
  readonly onOutput?: (text: string) => void;
}

/** A running `wrangler dev`. */
export interface Gateway {
  readonly url: string;
  readonly process: ChildProcess;
  stop(): Promise<void>;
}

/** Whether anything answers at an address, however it answers. */
export async function answers(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(2000) });
    await response.body?.cancel();
    return true;
  } catch {
    return false;
  }
}

/**
 * Starts `wrangler dev` and waits until the Worker answers.
 * @throws Error with what it printed, if it ends before
 */
export async function startWrangler(options: WranglerOptions): Promise<Gateway> {
  const { port, envFiles, config, persistTo, onOutput } = options;
  const child = spawn(
    process.execPath,
    [
      WRANGLER,
      "dev",
      "--port",
      String(port),
      "--ip",
      "127.0.0.1",
      "--inspector-port",
      String(await freePort()),
      "--show-interactive-dev-session=false",
      "--log-level",
      "log",
      ...envFiles.flatMap((file) => ["--env-file", file]),
      ...(config === undefined ? [] : ["--config", config]),
      ...(persistTo === undefined ? [] : ["--persist-to", persistTo]),
    ],
    {
      cwd: ROOT,
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, WRANGLER_SEND_METRICS: "false", CI: "true" },
    },
  );
  let printed = "";
  let ended = false;
  const keep = (data: Buffer) => {
    const text = data.toString();
    printed = (printed + text).slice(-20_000);
    onOutput?.(text);
  };
  child.stdout.on("data", keep);
  child.stderr.on("data", keep);
  child.once("exit", () => (ended = true));

  const url = `http://localhost:${port}`;
  const deadline = Date.now() + START_MS;
  while (!(await answers(url))) {
    if (ended || Date.now() > deadline) {
      child.kill();
      throw new Error(`The gateway did not start.\n${printed}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 150));
  }
  return {
    url,
    process: child,
    stop: () =>
      new Promise((resolve) => {
        if (ended) return resolve();
        child.once("exit", () => resolve());
        child.kill("SIGINT");
        return undefined;
      }),
  };
}
