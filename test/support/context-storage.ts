import { DatabaseSync } from "node:sqlite";
import type { ContextStorage } from "../../src/federation/context/tables.ts";

/** The storage of a hub in Node, for what is tested there. */
export function contextStorage(): ContextStorage {
  const db = new DatabaseSync(":memory:");
  return {
    sql: {
      exec(query, ...values) {
        if (values.length === 0 && query.includes(";")) {
          db.exec(query);
          return { toArray: () => [] };
        }
        const rows = db.prepare(query).all(...values);
        return { toArray: () => rows };
      },
    },
    transactionSync(work) {
      db.exec("SAVEPOINT work");
      try {
        const value = work();
        db.exec("RELEASE work");
        return value;
      } catch (error) {
        db.exec("ROLLBACK TO work; RELEASE work");
        throw error;
      }
    },
  };
}
