import * as z from "zod";
import { type Grant, type OwnedCapability, type Setting, type Switch, SWITCHES } from "../contract/node-register.ts";

/** What the forms of the page of nodes say. */

/** How a capability is used, which says both what it may do and whether a person is asked. */
export const USES = ["reads", "changes", "asks"] as const;
export type Use = (typeof USES)[number];

export const useOf = ({ reads, destructive }: Setting): Use => (reads ? "reads" : destructive ? "asks" : "changes");

export const settingOf = (role: Switch, use: Use): Setting => ({
  role,
  reads: use === "reads",
  destructive: use === "asks",
});

/** Before the owner has decided: nobody may use it, and whatever it does, a person is asked. */
export const UNDECIDED: Setting = settingOf("off", "asks");

const About = { home: z.string(), user: z.string() };
const OfNode = { ...About, node: z.string() };

export const NodesForm = z.discriminatedUnion("act", [
  z.object({ act: z.literal("adopt"), ...OfNode }),
  z.object({ act: z.literal("end"), ...OfNode }),
  z.object({ act: z.literal("forgive"), ...OfNode }),
  // The capabilities are numbered: `name.0`, `hash.0`, `role.0`, `use.0` and so on.
  z.looseObject({ act: z.literal("set"), ...OfNode }),
  z.object({ act: z.literal("enrol"), ...About, grants: z.string().max(8192) }),
]);
export type NodesForm = z.output<typeof NodesForm>;

/** What a form decides of one capability, as its owner has seen it. */
export interface Decision {
  readonly name: string;
  readonly hash: string;
  readonly setting: Setting;
}

const Numbered = z.object({ name: z.string(), hash: z.string(), role: z.enum(SWITCHES), use: z.enum(USES) });

/** What a form decides, as far as it is whole. */
export function decisionsIn(form: Readonly<Record<string, unknown>>): Decision[] {
  const numbers = Object.keys(form).flatMap((key) => /^name\.(\d{1,3})$/.exec(key)?.[1] ?? []);
  return numbers.flatMap((number) => {
    const field = (key: string) => form[`${key}.${number}`];
    const fields = { name: field("name"), hash: field("hash"), role: field("role"), use: field("use") };
    const { data } = Numbered.safeParse(fields);
    return data === undefined ? [] : [{ name: data.name, hash: data.hash, setting: settingOf(data.role, data.use) }];
  });
}

/** Whether a decision says something new. */
export function isNew({ hash, setting }: Decision, now: OwnedCapability | undefined): boolean {
  if (now === undefined) return true;
  if (now.state === "quarantined" && now.hash === hash) return true;
  const before = now.setting ?? UNDECIDED;
  // What is off has no use to speak of.
  if (before.role === "off" && setting.role === "off") return false;
  return before.role !== setting.role || useOf(before) !== useOf(setting);
}

const GRANT = /^([a-z][a-z0-9_-]{0,31}\.[a-z][a-z0-9_-]{0,47})\s+(viewer|operator|admin)\s+(reads|changes|asks)$/;
/** More capabilities than a node may have. */
const MAX_GRANTS = 64;

/** Grants as they are written, one a line: "file.search viewer reads"; or the line that is none. */
export function grantsIn(text: string): readonly Grant[] | { readonly line: string } {
  const lines = text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");
  const grants: Grant[] = [];
  for (const line of lines) {
    const [, name, role, use] = GRANT.exec(line) ?? [];
    const parsed = Numbered.safeParse({ name, role, use, hash: "" }).data;
    if (parsed === undefined || grants.length >= MAX_GRANTS) return { line };
    grants.push({ name: parsed.name, ...settingOf(parsed.role, parsed.use) });
  }
  return grants;
}
