/** What a person may do at a home, from least to most (seed, section 5.2). */
export const ROLES = ["viewer", "operator", "admin"] as const;

export type Role = (typeof ROLES)[number];

/** Whether `role` includes everything that `least` may do. */
export function atLeast(role: Role, least: Role): boolean {
  return ROLES.indexOf(role) >= ROLES.indexOf(least);
}

/** The lesser of two roles. */
export function lower(a: Role, b: Role): Role {
  return atLeast(a, b) ? b : a;
}
