import { createHash } from "node:crypto";
import { rmSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parsedJson } from "../lib/json.ts";
import { privateFolder } from "./folders.ts";
import { Trouble, whyOf } from "./sentences.ts";
import { NodeStatus } from "./status.ts";

/** What a running node says of itself to who asks on the same computer. */

/** The longest path of a socket that every system takes, in bytes. */
const MAX_PATH = 100;
const ANSWER_MS = 3000;

function socketOf(folder: string): string {
  const name = createHash("sha256").update(resolve(folder)).digest("hex").slice(0, 16);
  if (process.platform === "win32") return `\\\\.\\pipe\\pimcp-node-${name}`;
  const path = join(folder, "node.sock");
  return Buffer.byteLength(path) <= MAX_PATH ? path : join(tmpdir(), `pimcp-node-${name}.sock`);
}

/** @returns what the node of this folder says, `undefined` if none runs */
export function askStatus(folder: string): Promise<NodeStatus | undefined> {
  return new Promise((done) => {
    const socket = connect(socketOf(folder));
    let text = "";
    socket.setEncoding("utf8").setTimeout(ANSWER_MS, () => socket.destroy());
    socket.on("data", (data: string) => (text += data));
    socket.once("error", () => done(undefined));
    socket.once("close", () => done(NodeStatus.safeParse(parsedJson(text)).data));
  });
}

export interface Control {
  close(): void;
}

/**
 * Answers who asks how the node of this folder is.
 * @throws Trouble if another process does that already
 */
export async function openControl(folder: string, status: () => NodeStatus): Promise<Control> {
  const running = await askStatus(folder);
  if (running !== undefined) {
    throw new Trouble(
      `This node already runs, as process ${running.pid}. See \`pimcp node status\`, or stop that process first.`,
    );
  }
  const path = socketOf(folder);
  privateFolder(folder);
  // Left there by a process that was killed.
  if (process.platform !== "win32") rmSync(path, { force: true });
  const server = createServer((socket) => {
    socket.on("error", () => undefined);
    socket.end(JSON.stringify(status()));
  });
  await new Promise<void>((opened, failed) => {
    server.once("error", (error) => failed(new Trouble(`${path} cannot be opened: ${whyOf(error)}.`)));
    server.listen(path, opened);
  });
  server.unref();
  return { close: () => void server.close() };
}
