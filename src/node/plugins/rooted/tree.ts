import { constants } from "node:fs";
import { type FileHandle, lstat, open, readlink, realpath, stat } from "node:fs/promises";
import { platform } from "node:process";
import { join, relative, sep } from "node:path";
import * as z from "zod";
import { Failure, Refusal } from "../../plugin.ts";
import { deniedOf, partsOf, SECRET_NAMES } from "./names.ts";

/** Folders by the names that callers know them by: `{ "docs": "/home/pi/docs" }`. */
export const Roots = z.record(
  z.string().regex(/^[a-z0-9][a-z0-9_-]{0,31}$/, "is no name such as docs"),
  z.string().startsWith("/", "must be an absolute path"),
);

/** Names that are never opened. */
export const DENY = {
  deny: z.array(z.string().min(1).max(100)).max(200).default(SECRET_NAMES),
  /** Beyond those. */
  deny_also: z.array(z.string().min(1).max(100)).max(200).default([]),
};

/** The folders that a plug-in may look into, as they really lie, and what is denied in them. */
export interface Tree {
  readonly roots: ReadonlyMap<string, string>;
  readonly deny: readonly string[];
}

/** Not folders of anybody's, but the kernel's. */
const KERNEL = ["/proc", "/sys", "/dev"];

/**
 * The tree of a configuration.
 * @throws Refusal if one of its roots is no folder, or everything
 */
export async function treeOf(roots: Readonly<Record<string, string>>, deny: readonly string[]): Promise<Tree> {
  // What was really opened is only told there.
  if (platform !== "linux") throw new Refusal("Folders can only be opened to callers on Linux.");
  const real = new Map<string, string>();
  for (const [name, folder] of Object.entries(roots)) real.set(name, await rootAt(name, folder));
  return { roots: real, deny };
}

async function rootAt(name: string, folder: string): Promise<string> {
  const told = `The root "${name}" (${folder})`;
  const real = await realpath(folder).catch(() => undefined);
  if (real === undefined || !(await stat(real)).isDirectory())
    throw new Refusal(`${told} is no folder on this machine.`);
  if (real === "/" || KERNEL.some((each) => isWithin(each, real))) {
    throw new Refusal(`${told} is too much: name the folder that callers need.`);
  }
  return real;
}

/** Whether a real path is a folder or lies in it. */
export function isWithin(folder: string, path: string): boolean {
  return path === folder || path.startsWith(folder.endsWith(sep) ? folder : folder + sep);
}

/** What was opened, and how a caller names it. */
export interface Opened {
  readonly handle: FileHandle;
  readonly path: string;
  /** Where it really lies. */
  readonly real: string;
}

/** Never waits for the other end of a pipe, never follows a link that appeared meanwhile. */
export const OPEN_FILE = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW | constants.O_NOCTTY;
export const OPEN_FOLDER = OPEN_FILE | constants.O_DIRECTORY;

/**
 * Opens a file or folder of the tree; links are followed as long as they stay within their root. The caller closes it.
 * @throws Refusal or Failure
 */
export async function openIn(tree: Tree, path: string, kind: "file" | "folder"): Promise<Opened> {
  const real = await realOf(tree, path, kind);
  const handle = await open(real, kind === "file" ? OPEN_FILE : OPEN_FOLDER).catch((error: unknown) => {
    throw cannot(path, error);
  });
  try {
    // Who can write there may have put something else in its place since it was looked at.
    const opened = await readlink(`/proc/self/fd/${handle.fd}`);
    const stats = await handle.stat();
    if (opened !== real || !(kind === "file" ? stats.isFile() : stats.isDirectory())) {
      throw new Refusal(`"${path}" changed while it was opened. Ask again.`);
    }
    return { handle, path, real };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/**
 * Where something of the tree really lies.
 * @throws Refusal or Failure
 */
export async function realOf(tree: Tree, path: string, kind: "file" | "folder" | "any"): Promise<string> {
  const [name, ...below] = partsOf(path);
  const root = tree.roots.get(name);
  if (root === undefined) {
    throw new Refusal(`"${name}" is none of this node's roots, which are: ${[...tree.roots.keys()].join(", ")}.`);
  }
  refuseDenied(path, below, tree.deny);
  const real = await realpath(join(root, ...below)).catch((error: unknown) => {
    throw cannot(path, error);
  });
  if (!isWithin(root, real)) {
    throw new Refusal(`"${path}" is a link that leads out of the root "${name}"; such links are not followed.`);
  }
  refuseDenied(path, relative(root, real).split(sep), tree.deny);
  await refuseOthers(path, real, kind);
  return real;
}

function refuseDenied(path: string, names: readonly string[], deny: readonly string[]): void {
  const denied = deniedOf(names, deny);
  if (denied === undefined) return;
  throw new Refusal(
    `"${path}" is not opened: this node's owner keeps names like "${denied}" closed, as they hold secrets.`,
  );
}

/** Opening a device can do something. */
async function refuseOthers(path: string, real: string, kind: "file" | "folder" | "any"): Promise<void> {
  const stats = await lstat(real).catch((error: unknown) => {
    throw cannot(path, error);
  });
  if (!stats.isFile() && !stats.isDirectory()) {
    throw new Refusal(`"${path}" is a device, pipe or socket; only files and folders are opened.`);
  }
  if (kind === "file" && !stats.isFile()) throw new Failure(`"${path}" is a folder: name a file in it.`);
  if (kind === "folder" && !stats.isDirectory())
    throw new Failure(`"${path}" is a file: name the folder that it is in.`);
}

const CODES: Readonly<Record<string, string>> = {
  ENOENT: "does not exist on this node",
  ENOTDIR: "does not exist on this node",
  EACCES: "may not be read by this node's account",
  EPERM: "may not be read by this node's account",
  ELOOP: "changed while it was opened, or is a link that leads round in a circle",
};

/** Why the system did not open something. */
function cannot(path: string, error: unknown): Failure {
  const code = errorCode(error);
  return new Failure(`"${path}" ${CODES[code] ?? `cannot be opened (${code})`}. Look what is there with file_search.`);
}

/** "ENOENT": what Node calls an error of the system. */
export function errorCode(error: unknown): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return typeof code === "string" ? code : "unknown error";
}
