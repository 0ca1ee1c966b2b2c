import { readFileSync, writeFileSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { makePrivateFile } from "./state-file.ts";

/** SQLite's result code when another connection holds the lock. */
const SQLITE_BUSY = 5;

/** That this process alone acts on a home, for as long as it lives: the system takes the lock from a dead one. */
export interface Lock {
  free(): void;
}

const pidFile = (path: string) => `${path}.pid`;

/** Takes the lock. @returns `undefined` if another process has it */
export function takeLock(path: string): Lock | undefined {
  makePrivateFile(path);
  const db = new DatabaseSync(path, { timeout: 0 });
  try {
    // Never committed: the transaction is the lock.
    db.exec("BEGIN EXCLUSIVE");
  } catch (error) {
    db.close();
    if (error instanceof Error && "errcode" in error && error.errcode === SQLITE_BUSY) return undefined;
    throw error;
  }
  writeFileSync(pidFile(path), String(process.pid), { mode: 0o600 });
  return { free: () => db.close() };
}

/** The process that has the lock, as far as is known; for people. */
export function lockedBy(path: string): string {
  try {
    return `process ${readFileSync(pidFile(path), "utf8")}`;
  } catch {
    return "another process";
  }
}
