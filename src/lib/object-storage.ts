/**
 * What one object keeps, and its one alarm: the part of a Durable Object's storage that is used here, so that the
 * same objects can live elsewhere. Writes without an await between them are written as one.
 */
export interface ObjectStorage {
  readonly kv: Pick<SyncKvStorage, "get" | "put" | "delete">;
  /** Milliseconds since the epoch; `null` if none is set, also while it rings. */
  getAlarm(): Promise<number | null>;
  setAlarm(at: number): Promise<void>;
  /** Deletes the alarm, too. */
  deleteAll(): Promise<void>;
  /** Ends when all that was written is safe. */
  sync(): Promise<void>;
}
