import { setTimeout as pause } from "node:timers/promises";
import { COMMON_HELP, type Context, EXIT, folderOf, type Options } from "../commands/command.ts";
import type { Waits } from "../../federation/wire/context-frames.ts";
import { askStatus } from "../control.ts";
import { readJoined } from "../joined.ts";
import { Trouble } from "../sentences.ts";
import { createReplica, type LocalWrite, type Replica } from "./replica.ts";
import { openReplicaFile, type ReplicaFile } from "./replica-file.ts";
import { refusalText, WAITING } from "./refusals.ts";
import { replicaFileOf } from "./service.ts";

/** What the commands for people share. They work on the replica's file, whether the node runs or not. */

export const JSON_OPTION = { json: { type: "boolean" } } as const;
export const HELP_OF_ALL = COMMON_HELP;

/** How long a command waits for the hub's answer, in milliseconds. */
const ANSWER_MS = 10_000;
const LOOK_MS = 25;

export const timeOf = (ms: number): string => new Date(ms).toISOString();

/** The replica of this folder's node. @throws Trouble if it has not joined a home */
export function opened(options: Options, context: Context): { file: ReplicaFile; replica: Replica; close: () => void } {
  const folder = folderOf(options, context);
  const joined = readJoined(folder);
  if (joined === undefined) {
    throw new Trouble(
      "This computer is no node yet, so it has no part in a home's shared context. Join a home first: `pimcp node join https://pimcp.example.com --home <id>`.",
    );
  }
  const file = openReplicaFile(replicaFileOf(folder, joined));
  return { file, replica: createReplica(file), close: () => file.close() };
}

type Fate =
  | { readonly state: "written"; readonly version: number | null }
  | { readonly state: "queued"; readonly waits?: Waits }
  | { readonly state: "refused"; readonly why: string };

/** What has become of a write; `undefined` while nobody knows. @param since when it was written */
function fateOf(replica: Replica, id: string, since: number): Fate | undefined {
  const refused = replica.refused().find(({ write }) => write.id === id);
  if (refused !== undefined) {
    return { state: "refused", why: refusalText(refused.write.key, refused.why, refused.version) };
  }
  const waiting = replica.waiting(id);
  if (waiting === undefined) return { state: "written", version: null };
  if (waiting.version !== null) return { state: "written", version: waiting.version };
  const { waits } = replica.meta();
  return waits === null || waits.at < since ? undefined : { state: "queued", waits: waits.why };
}

async function waited(replica: Replica, id: string, since: number): Promise<Fate> {
  const until = Date.now() + ANSWER_MS;
  while (Date.now() < until) {
    const fate = fateOf(replica, id, since);
    if (fate !== undefined) return fate;
    await pause(LOOK_MS);
  }
  return { state: "queued" };
}

function said(fate: Fate): string {
  if (fate.state === "refused") return fate.why;
  if (fate.state === "written") return "Written.";
  return fate.waits === undefined
    ? "Kept here. The hub is told as soon as this node is connected to it: pimcp node run"
    : `Kept here. It ${WAITING[fate.waits]}. The hub is asked again by itself.`;
}

/** Writes, waits for the hub if it can be asked now, and tells what came of it. @returns exit code */
export async function changeAndTell(
  options: Options,
  context: Context,
  wish: Omit<LocalWrite, "via">,
): Promise<number> {
  const { replica, close } = opened(options, context);
  try {
    const since = Date.now();
    const outcome = replica.write({ ...wish, via: "pimcp context" }, since);
    let fate: Fate;
    if (outcome.kind === "refused") {
      fate = { state: "refused", why: refusalText(wish.key, outcome.why, outcome.version) };
    } else {
      const status = await askStatus(folderOf(options, context));
      const isLinked = status?.connected_since != null && status.standing?.state === "adopted";
      fate = isLinked ? await waited(replica, outcome.id, since) : { state: "queued" };
    }
    if (options["json"] === true) context.print(`${JSON.stringify({ key: wish.key, ...fate })}\n`);
    else context.tell(said(fate));
    // Who wrote it has been told: there is nothing left to see to.
    if (outcome.kind === "queued" && fate.state === "refused") replica.forget(outcome.id);
    return fate.state === "refused" ? EXIT.failed : EXIT.ok;
  } finally {
    close();
  }
}
