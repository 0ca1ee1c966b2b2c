/** Values a log line may carry: shapes and counts, never a caller's data. */
export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>;

/** Prints one structured line. The only place that prints. */
export function log(level: "info" | "warn" | "error", event: string, fields: LogFields = {}): void {
  console[level](JSON.stringify({ event, ...fields }));
}

/** The name and message of whatever was thrown, for a log line. */
export function describeError(error: unknown): LogFields {
  return error instanceof Error
    ? { error: error.name, message: error.message, stack: error.stack }
    : { error: typeof error };
}
