import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";

/** Variables of a process. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Where this computer keeps what `pimcp` must remember. */
export function stateFolder(env: Environment, platform: NodeJS.Platform): string {
  const home = homedir();
  if (platform === "win32") return join(env["LOCALAPPDATA"] ?? join(home, "AppData", "Local"), "pimcp");
  if (platform === "darwin") return join(home, "Library", "Application Support", "pimcp");
  const state = env["XDG_STATE_HOME"] ?? "";
  return join(state === "" ? join(home, ".local", "state") : state, "pimcp");
}

/** Where a node keeps its key and what its plug-ins keep. */
export function nodeFolder(env: Environment, platform: NodeJS.Platform): string {
  return join(env["PIMCP_STATE"] ?? stateFolder(env, platform), "node");
}

/** The configuration of a node, unless another file is named. */
export function defaultConfigFile(env: Environment): string {
  const config = env["XDG_CONFIG_HOME"] ?? "";
  return join(config === "" ? join(homedir(), ".config") : config, "pimcp", "node.json");
}

/** Makes a folder that is its owner's alone. @returns its path */
export function privateFolder(path: string): string {
  mkdirSync(path, { recursive: true, mode: 0o700 });
  return path;
}

/** Writes a file that is its owner's alone, whatever rights it had before. */
export function writePrivate(path: string, text: string): void {
  privateFolder(dirname(path));
  writeFileSync(path, text, { mode: 0o600 });
  chmodSync(path, 0o600);
}
