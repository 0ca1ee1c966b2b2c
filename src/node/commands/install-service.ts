import { realpathSync, writeFileSync } from "node:fs";
import { userInfo } from "node:os";
import { resolve } from "node:path";
import { Trouble, whyOf } from "../sentences.ts";
import { unitText } from "../unit.ts";
import {
  type Command,
  COMMON_HELP,
  type Context,
  EXIT,
  folderOf,
  type Options,
  textOf,
  UsageError,
} from "./command.ts";
import { joinedIn } from "./run.ts";

const UNIT = "/etc/systemd/system/pimcp-node.service";
const USER = /^[a-z_][a-z0-9_.-]{0,31}\$?$/i;

/** Where `npx` keeps what it downloads, and where it is deleted again. */
const FLEETING = /[/\\]_npx[/\\]/;

/** Who the service runs as: the person, also when they act through sudo. */
function userOf(options: Options, { env }: Context): string {
  const user = textOf(options, "user") ?? env["SUDO_USER"] ?? userInfo().username;
  if (!USER.test(user)) throw new UsageError(`"${user}" is no name of a user.`);
  return user;
}

function scriptOf({ tell }: Context): string {
  const script = realpathSync(process.argv[1] ?? "");
  if (FLEETING.test(script)) {
    tell(
      `${script} is in npx's cache, which is emptied at times. Install it for good (\`npm install --global pimcp\`), and run this again from there.`,
    );
  }
  return script;
}

function install(text: string, { tell }: Context): void {
  try {
    writeFileSync(UNIT, text, { mode: 0o644 });
  } catch (error) {
    throw new Trouble(
      `${UNIT} cannot be written: ${whyOf(error)}. Run it with sudo and the node's folder (\`sudo … --state FOLDER\`), or write what \`--print\` prints there yourself.`,
    );
  }
  tell(`Wrote ${UNIT}. Start it, now and with the computer:`);
  tell("  sudo systemctl daemon-reload && sudo systemctl enable --now pimcp-node");
  tell("See how it is: pimcp node status, and journalctl -u pimcp-node.");
}

export const installServiceCommand: Command = {
  name: "install-service",
  about: "keep the node running with systemd",
  usage: `pimcp node install-service [options]

Writes a systemd unit that keeps this node running, as the user who joined and with few rights. Join first.

  --print            only print it
  --user NAME        who it runs as (who runs this)
${COMMON_HELP}`,
  options: { print: { type: "boolean" }, user: { type: "string" } },
  takes: 0,
  run(options, _args, context) {
    const folder = resolve(folderOf(options, context));
    const { config } = joinedIn(folder);
    const command = [process.execPath, scriptOf(context), "node", "run", "--state", folder];
    const text = unitText({ command, user: userOf(options, context), folder, config });
    if (options["print"] === true) context.print(text);
    else if (process.platform === "linux") install(text, context);
    else throw new Trouble("systemd is on Linux only. Let your system's own service manager run `pimcp node run`.");
    return Promise.resolve(EXIT.ok);
  },
};
