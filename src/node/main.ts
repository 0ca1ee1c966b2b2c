import { sentence } from "../lib/sentence.ts";
import { type Command, type Context, EXIT, parsed, UsageError } from "./commands/command.ts";
import { exampleConfigCommand } from "./commands/example-config.ts";
import { installServiceCommand } from "./commands/install-service.ts";
import { joinCommand } from "./commands/join.ts";
import { leaveCommand } from "./commands/leave.ts";
import { runCommand } from "./commands/run.ts";
import { statusCommand } from "./commands/status.ts";
import { ConfigError } from "./config.ts";
import { CONTEXT_COMMANDS } from "./context/commands.ts";
import type { AnyPlugin } from "./plugin.ts";
import { PLUGINS } from "./plugins/index.ts";
import { Trouble } from "./sentences.ts";

/** All that `pimcp node` can do, in the order in which it is needed. */
export const COMMANDS: readonly Command[] = [
  joinCommand,
  runCommand,
  statusCommand,
  leaveCommand,
  installServiceCommand,
  exampleConfigCommand,
];

const linesOf = (commands: readonly Command[]) =>
  commands.map(({ name, about }) => `  ${name.padEnd(16)} ${about}`).join("\n");

const HELP = `pimcp node: this computer offers what it can do to the AI clients of a home, through the home's PiMCP gateway.

It connects to the gateway by itself: no port is opened. What it offers is in its configuration, and the owner of the
home decides on the gateway's page what of that is switched on, and for whom.

${linesOf(COMMANDS)}

pimcp node <command> --help tells more of each.
`;

const CONTEXT_HELP = `pimcp context: what the people, AI clients and nodes of a home tell each other.

It works on this computer's copy of it, also while the node does not run or is not connected: what is written then is kept
here, and the home's hub is told later.

${linesOf(CONTEXT_COMMANDS)}

pimcp context <command> --help tells more of each.
`;

/** What the word after `pimcp` is about. */
const GROUPS = {
  node: { commands: COMMANDS, help: HELP },
  context: { commands: CONTEXT_COMMANDS, help: CONTEXT_HELP },
} as const;

/** Prints for the person what went wrong. @returns exit code */
function explained(error: unknown, command: string, tell: (line: string) => void): number {
  if (error instanceof UsageError) {
    tell(`${sentence(error.message)} See pimcp ${command} --help.`);
    return EXIT.usage;
  }
  if (error instanceof ConfigError) {
    tell(["The configuration has mistakes; nothing was started.", ...error.mistakes].join("\n"));
    return EXIT.failed;
  }
  if (error instanceof Trouble) {
    tell(error.message);
    return EXIT.failed;
  }
  throw error;
}

export interface NodeMain {
  /** `node` if it is left out. */
  readonly group?: keyof typeof GROUPS;
  /** What follows `pimcp node`. */
  readonly argv: readonly string[];
  readonly version: string;
  readonly plugins?: readonly AnyPlugin[];
}

/** Carries out one `pimcp node` command. @returns exit code */
export async function nodeMain({ group = "node", argv, version, plugins = PLUGINS }: NodeMain): Promise<number> {
  const [name = "--help", ...rest] = argv;
  const context: Context = {
    env: process.env,
    agent: `pimcp/${version}`,
    plugins,
    print: (text) => void process.stdout.write(text),
    tell: (line) => void process.stderr.write(`${line}\n`),
  };
  if (name === "--help" || name === "-h") {
    context.print(GROUPS[group].help);
    return EXIT.ok;
  }
  const command = GROUPS[group].commands.find((each) => each.name === name);
  if (command === undefined) {
    context.tell(`pimcp ${group} has no command "${name}"; see pimcp ${group} --help.`);
    return EXIT.usage;
  }
  try {
    const { options, args } = parsed(command, rest);
    if (options["help"] !== true) return await command.run(options, args, context);
    context.print(`${command.usage}\n`);
    return EXIT.ok;
  } catch (error) {
    return explained(error, `${group} ${name}`, context.tell);
  }
}
