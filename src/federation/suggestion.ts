import type { Setting } from "../contract/node-register.ts";
import type { Capability } from "./wire/manifest.ts";

/** What fits a capability by what the node says of it. That may be a lie: it is shown, and never chosen. */

/** Domains whose capabilities can do anything that their arguments say. */
const POWERFUL: ReadonlyMap<string, string> = new Map([
  ["shell", "It runs programs on that machine."],
  ["http", "It sends requests from that machine's network."],
]);

const domainOf = (name: string) => name.split(".")[0] ?? "";

export function suggestionFor({ name, hints }: Capability): Setting {
  const powerful = POWERFUL.has(domainOf(name));
  const reads = hints.readOnly && !hints.destructive && !powerful;
  const role = powerful || hints.destructive ? "admin" : reads ? "viewer" : "operator";
  return { role, reads, destructive: hints.destructive || powerful };
}

/** Why a capability wants care, in plain words. */
export function dangersOf({ name, hints }: Capability): string[] {
  const powerful = POWERFUL.get(domainOf(name));
  return [
    ...(powerful === undefined ? [] : [powerful]),
    ...(hints.destructive ? ["It can destroy or overwrite."] : []),
    ...(hints.readOnly || hints.destructive ? [] : ["It can change things."]),
    ...(hints.openWorld ? ["It reaches beyond its machine."] : []),
  ];
}
