import { askStatus } from "../control.ts";
import { forgetReplica, replicaFileOf } from "../context/service.ts";
import { forgetJoined, readJoined } from "../joined.ts";
import { Trouble } from "../sentences.ts";
import { type Command, COMMON_HELP, EXIT, folderOf } from "./command.ts";

/** What is known of the node, if its file can be read at all: a damaged one is forgotten, too. */
function nodeIn(folder: string) {
  try {
    return readJoined(folder);
  } catch (error) {
    if (error instanceof Trouble) return undefined;
    throw error;
  }
}

export const leaveCommand: Command = {
  name: "leave",
  about: "forget key and link",
  usage: `pimcp node leave [options]

Forgets this node's key and its link, for good: to come back it joins anew. Its configuration stays, and so does what its
plug-ins keep. The owner removes its entry on the gateway's page.

${COMMON_HELP}`,
  options: {},
  takes: 0,
  async run(options, _args, context) {
    const folder = folderOf(options, context);
    const running = await askStatus(folder);
    if (running !== undefined) {
      throw new Trouble(
        `This node runs, as process ${running.pid}. Stop it first (\`sudo systemctl disable --now pimcp-node\` if it is a service); nothing was forgotten.`,
      );
    }
    const joined = nodeIn(folder);
    // What it has of the home's is the home's.
    if (joined !== undefined) forgetReplica(replicaFileOf(folder, joined));
    forgetJoined(folder);
    context.tell(
      joined === undefined
        ? "There is no node to forget."
        : `${joined.name} has left ${joined.home}: its key is gone. Remove its entry at ${joined.page}.`,
    );
    return EXIT.ok;
  },
};
