import type { Account } from "../../scripts/support/person.ts";

/** The demo home's accounts, each granting all it has. */
export const ACCOUNTS = {
  viewer: { username: "viewer", password: "viewer-demo", level: "viewer" },
  operator: { username: "operator", password: "operator-demo", level: "operator" },
  admin: { username: "admin", password: "admin-demo", level: "admin" },
} as const satisfies Record<string, Account>;
