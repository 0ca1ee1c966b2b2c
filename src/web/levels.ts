import type { Role } from "../contract/role.ts";

/** What a client may do, in the words of the pages. */
export const LEVELS: Readonly<Record<Role, { name: string; meaning: string }>> = {
  viewer: { name: "See only", meaning: "list and read; changes nothing" },
  operator: { name: "Operate", meaning: "also create clusters and switch pins of real hardware" },
  admin: { name: "Administer", meaning: "also everything else that your account may do" },
};
