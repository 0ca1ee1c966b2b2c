import { unwatchFile, watchFile } from "node:fs";
import { type Config, ConfigError, parseConfig, readConfigText } from "./config.ts";
import type { Environment } from "./folders.ts";
import type { AnyPlugin } from "./plugin.ts";

/** How often the file is looked at, in milliseconds. Asking works on every file system; being told does not. */
const LOOK_MS = 1000;

export interface WatchParts {
  readonly path: string;
  readonly plugins: readonly AnyPlugin[];
  readonly env: Environment;
  /** Another configuration is in the file. */
  readonly changed: (config: Config) => void;
  /** What is in the file is none; the one before goes on. */
  readonly broken: (error: ConfigError) => void;
}

/** Watches a configuration's file. */
export interface Watch {
  /** Looks at once. */
  readonly look: () => void;
  readonly close: () => void;
}

/** @param text what the file had when it was read first */
export function watchConfig({ path, plugins, env, changed, broken }: WatchParts, text: string): Watch {
  let last = text;
  const read = () => {
    const now = readConfigText(path);
    if (now === last) return undefined;
    last = now;
    return parseConfig(now, plugins, env);
  };
  const look = () => {
    try {
      const config = read();
      if (config !== undefined) changed(config);
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      broken(error);
    }
  };
  watchFile(path, { interval: LOOK_MS }, look);
  return { look, close: () => unwatchFile(path, look) };
}
