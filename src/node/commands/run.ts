import { existsSync } from "node:fs";
import { type Config, type ConfigError, parseConfig, readConfigText } from "../config.ts";
import { openControl } from "../control.ts";
import { type Joined, readJoined } from "../joined.ts";
import { Trouble } from "../sentences.ts";
import { type RunningNode, serveNode } from "../serve.ts";
import { watchConfig } from "../watch.ts";
import { type Command, COMMON_HELP, type Context, EXIT, folderOf, type Options } from "./command.ts";

const NOT_JOINED =
  "This computer is no node yet. Join a home first: `pimcp node join https://pimcp.example.com --home <id>`.";

/** This folder's node. @throws Trouble if there is none */
export function joinedIn(folder: string): Joined {
  const joined = readJoined(folder);
  if (joined === undefined) throw new Trouble(NOT_JOINED);
  return joined;
}

/** How long a node that is told to stop may take, in milliseconds. */
const STOP_MS = 10_000;

function stopWhenTold(node: RunningNode): void {
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    process.once(signal, () => {
      void node.stop();
      setTimeout(() => process.exit(EXIT.ok), STOP_MS).unref();
    });
  }
}

const noMistakes = (): readonly string[] => [];

/** Follows the configuration's file. @returns what is wrong with it, and how to end */
function follow(node: RunningNode, path: string, text: string, { plugins, env, tell }: Context) {
  let mistakes: readonly string[] = [];
  const changed = (config: Config) => {
    mistakes = [];
    tell(existsSync(path) ? "The configuration has changed." : `${path} is gone: nothing is offered until it is back.`);
    void node.configure(config);
  };
  const broken = (error: ConfigError) => {
    mistakes = error.mistakes.map((mistake) => `Configuration: ${mistake}`);
    tell(`${path} has mistakes; the node goes on as it was.\n${error.mistakes.join("\n")}`);
  };
  const watch = watchConfig({ path, plugins, env, changed, broken }, text);
  process.on("SIGHUP", watch.look);
  return { mistakes: () => mistakes, close: watch.close };
}

/** Runs this folder's node until it ends. @returns exit code */
export async function runNode(options: Options, context: Context): Promise<number> {
  const folder = folderOf(options, context);
  const joined = joinedIn(folder);
  const { agent, env, plugins, tell } = context;
  const text = readConfigText(joined.config);
  const config = parseConfig(text, plugins, env);
  let mistakes = noMistakes;
  const control = await openControl(folder, () => {
    const status = node.status();
    return { ...status, problems: [...mistakes(), ...status.problems] };
  });
  const node = serveNode({ joined, config, folder, env, agent, tell });
  const followed = follow(node, joined.config, text, context);
  mistakes = followed.mistakes;
  stopWhenTold(node);
  const end = await node.ended;
  followed.close();
  control.close();
  return end === "stopped" ? EXIT.ok : EXIT[end];
}

export const runCommand: Command = {
  name: "run",
  about: "connect, and carry out what is called",
  usage: `pimcp node run [options]

Connects this node to its home and carries out what is called, until it is stopped. It connects again by itself, and
follows its configuration while it runs. It ends with 0 if it is stopped, 3 if the owner has ended it, 4 if another
process runs with the same key.

${COMMON_HELP}`,
  options: {},
  takes: 0,
  run: (options, _args, context) => runNode(options, context),
};
