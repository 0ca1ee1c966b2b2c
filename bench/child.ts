import type { ChildProcess } from "node:child_process";

/** Ends a process that was forked and ends when nobody is connected to it; resolves when it has. */
export function disconnected(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (!child.connected) return resolve();
    child.once("exit", () => resolve());
    child.disconnect();
    return undefined;
  });
}
