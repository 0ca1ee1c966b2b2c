import { type ChildProcess, fork } from "node:child_process";
import { readFileSync } from "node:fs";
import { dirname } from "node:path";
import { convertV4MiniflareOptions, Miniflare } from "miniflare";
import { unstable_getMiniflareWorkerOptions } from "wrangler";
import { z } from "zod";
import { disconnected } from "./child.ts";
import { processorMs } from "./processor.ts";

/**
 * A Worker as it is deployed, in the runtime alone: workerd, with the storage that `wrangler dev` has. What
 * `wrangler dev` puts in front of a Worker is left out for every route alike: a proxy in a second workerd, and a debugger
 * that carries each log line through both to a terminal.
 */

/** What a runtime is started with. */
const Asked = z.object({
  /** A wrangler configuration: bindings and flags. */
  config: z.string(),
  /** The bundled Worker. */
  module: z.string(),
  /** Where its storage lies. */
  state: z.string(),
  variables: z.record(z.string(), z.string()),
  /** Asked for once as soon as the Worker is there. */
  firstPath: z.string(),
});

type Asked = z.infer<typeof Asked>;

const Told = z.object({ url: z.string(), startMs: z.number(), firstMs: z.number() });

/** A running Worker. */
export interface Runtime extends z.infer<typeof Told> {
  /** Of the process that started workerd. */
  readonly pid: number;
  /** Processor time that workerd has used so far, in milliseconds; `undefined` where the system does not tell it. */
  cpuMs(): number | undefined;
  stop(): Promise<void>;
}

const Bindings = z.record(z.string(), z.json()).optional();

function optionsOf({ config, module, state, variables }: Asked) {
  const { workerOptions } = unstable_getMiniflareWorkerOptions(config);
  return convertV4MiniflareOptions({
    host: "127.0.0.1",
    port: 0,
    // Written and thrown away: what a deployed Worker prints is nobody's time here either.
    handleStructuredLogs: () => undefined,
    resourcePersistencePath: state,
    workers: [
      {
        ...workerOptions,
        name: "bench",
        modules: [{ type: "ESModule", path: module }],
        modulesRoot: dirname(module),
        bindings: { ...Bindings.parse(workerOptions["bindings"]), ...variables },
      },
    ],
  });
}

/** Starts it, and measures that and the first answer. */
async function serve(asked: Asked): Promise<{ worker: Miniflare; told: z.infer<typeof Told> }> {
  const options = optionsOf(asked);
  const begun = performance.now();
  const worker = new Miniflare(options);
  const { port } = await worker.ready;
  const ready = performance.now();
  const url = `http://localhost:${port}`;
  const answer = await fetch(url + asked.firstPath);
  await answer.arrayBuffer();
  return { worker, told: { url, startMs: ready - begun, firstMs: performance.now() - ready } };
}

/** The processes that a process has started, if the system tells it. */
function childrenOf(pid: number): number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ").filter(Boolean).map(Number);
  } catch {
    return [];
  }
}

function toldBy(child: ChildProcess): Promise<z.infer<typeof Told>> {
  return new Promise((resolve, reject) => {
    const ended = () => reject(new Error("The runtime has ended."));
    child.once("exit", ended);
    child.once("message", (message) => {
      child.off("exit", ended);
      resolve(Told.parse(message));
    });
  });
}

/** Starts a Worker in a process of its own, so that the load shares no event loop with it. */
export async function startRuntime(asked: Asked): Promise<Runtime> {
  const child = fork(import.meta.filename, { execArgv: [], stdio: ["ignore", "ignore", "inherit", "ipc"] });
  const told = toldBy(child);
  child.send(asked);
  const known = await told;
  const { pid = 0 } = child;
  return {
    ...known,
    pid,
    cpuMs() {
      const [workerd] = childrenOf(pid);
      return workerd === undefined ? undefined : processorMs(workerd);
    },
    stop: () => disconnected(child),
  };
}

function main(): void {
  process.once("message", (message) => {
    void (async () => {
      const { worker, told } = await serve(Asked.parse(message));
      process.once("disconnect", () => void worker.dispose().finally(() => process.exit(0)));
      process.send?.(told);
    })();
  });
}

if (process.argv[1] === import.meta.filename) main();
