import { type Role, ROLES } from "../contract/role.ts";

/** The scope that lets a client act in each role. */
export const SCOPE_OF: Readonly<Record<Role, string>> = {
  viewer: "pi:view",
  operator: "pi:operate",
  admin: "pi:admin",
};

/** Lets a client stay signed in by refresh tokens. */
export const OFFLINE_ACCESS = "offline_access";

export const SCOPES: readonly string[] = [...ROLES.map((role) => SCOPE_OF[role]), OFFLINE_ACCESS];

/** The scopes of a role: its own and those below. */
export function scopesOf(role: Role): string[] {
  return ROLES.slice(0, ROLES.indexOf(role) + 1).map((each) => SCOPE_OF[each]);
}

/** The highest role that scopes allow; `undefined` if they allow none. */
export function roleOf(scopes: readonly string[]): Role | undefined {
  return ROLES.findLast((role) => scopes.includes(SCOPE_OF[role]));
}
