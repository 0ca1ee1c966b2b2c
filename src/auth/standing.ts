import * as z from "zod";
import type { HomeAccess } from "../contract/caller.ts";
import { lower } from "../contract/role.ts";
import { type People, rolesOf } from "./people.ts";

/** The source of people who sign in with their account at a home. */
export const PI_CONTROLLER = "pi-controller";

/** What the configuration says of people now. */
export interface Rules {
  /** Whose word on who somebody is counts: `pi-controller`, the issuer's address, GitHub's. */
  readonly sources: ReadonlySet<string>;
  readonly people: People;
}

/** Who vouched for someone, and as whom. */
export interface Identity {
  readonly source: string;
  /** Their names in PEOPLE, the most specific first. */
  readonly names: readonly string[];
}

/** An identity as it is stored, to be parsed again. */
export const StoredIdentity = z.object({ source: z.string(), names: z.array(z.string()) });

/** Somebody as they were when they signed in or granted access. */
export interface Member {
  /** Absent: their account at a home. */
  readonly identity?: Identity | undefined;
  readonly homes: Readonly<Record<string, HomeAccess>>;
}

/**
 * What somebody may do at each home now: never more than then, and for people of PEOPLE never more than it says today.
 * @returns `undefined` if they may no longer come in at all
 */
export function accessNow({ identity, homes }: Member, rules: Rules): Record<string, HomeAccess> | undefined {
  if (!rules.sources.has(identity?.source ?? PI_CONTROLLER)) return undefined;
  if (identity === undefined) return { ...homes };
  const roles = rolesOf(rules.people, identity.names);
  const access = Object.entries(homes).flatMap(([id, then]): [string, HomeAccess][] => {
    const now = Object.hasOwn(roles, id) ? roles[id] : undefined;
    return now === undefined ? [] : [[id, { role: lower(then.role, now), login: then.login }]];
  });
  return access.length === 0 ? undefined : Object.fromEntries(access);
}
