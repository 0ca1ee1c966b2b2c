import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../../scripts/support/wrangler.ts";
import { NodeStatus } from "../../src/node/status.ts";
import { environment, ran, type Variables } from "./pimcp.ts";

/** The command of a node with the plug-in for tests. */
export const NODE_SCRIPT = join(ROOT, "test/support/node-process.ts");

/** A node's folders, and its processes. */
export interface TestNode {
  readonly folder: string;
  readonly config: string;
  readonly env: Variables;
  configure(config: unknown): void;
  /** Runs a command until it ends. */
  run(...args: readonly string[]): ReturnType<typeof ran>;
  /** Starts a command that goes on. */
  start(...args: readonly string[]): NodeProcess;
  /** What the running node says of itself. */
  status(): Promise<NodeStatus>;
  /** Ends all that was started. */
  stop(): Promise<void>;
}

export interface NodeProcess {
  readonly child: ChildProcess;
  readonly printed: () => string;
  readonly code: Promise<number | null>;
}

/**
 * @param script the command, if it is not that of the tests
 * @param secrets further variables of its processes
 */
export function testNode(
  folder: string,
  config: unknown = {},
  script = NODE_SCRIPT,
  secrets: Variables = {},
): TestNode {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, "node.json");
  const env: Variables = {
    ...secrets,
    PIMCP_STATE: join(folder, "state"),
    XDG_CONFIG_HOME: folder,
    PATH: process.env["PATH"] ?? "",
  };
  const started: NodeProcess[] = [];
  const prefix = script.endsWith(".ts") ? [script] : [script, "node"];
  const node: TestNode = {
    folder,
    config: file,
    env,
    configure: (value) => writeFileSync(file, typeof value === "string" ? value : JSON.stringify(value)),
    run: (...args) => ran([...prefix, ...args], env),
    start(...args) {
      const child = spawn(process.execPath, [...prefix, ...args], { env: environment({ ...env, HOME: folder }) });
      let printed = "";
      for (const stream of [child.stdout, child.stderr])
        stream.on("data", (data: Buffer) => (printed += data.toString()));
      const code = new Promise<number | null>((resolve) => child.once("close", (status) => resolve(status)));
      const begun = { child, printed: () => printed, code };
      started.push(begun);
      return begun;
    },
    status: async () => NodeStatus.parse(JSON.parse((await node.run("status", "--json")).stdout)),
    async stop() {
      for (const { child } of started) child.kill("SIGKILL");
      await Promise.all(started.map(({ code }) => code));
    },
  };
  node.configure(config);
  return node;
}
