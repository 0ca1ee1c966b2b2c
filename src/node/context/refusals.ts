import { MAX_VALUE, type Waits } from "../../federation/wire/context-frames.ts";
import type { LocalOutcome } from "./replica.ts";

type Why = (LocalOutcome & { readonly kind: "refused" })["why"];

const NOTHING = "Nothing was changed.";

const TOLD: Readonly<Record<Why, (key: string, version: number) => string>> = {
  changed: (key, version) =>
    version === 0
      ? `"${key}" is not there.`
      : `"${key}" has version ${version} now: somebody has changed it. Look at it, and write again.`,
  absent: (key) => `There is nothing to do at "${key}": it is not there, or has nothing to decide.`,
  zone: (key) => `"${key}" is in the zone "home": only the nodes in the house may have it; it was left as it is.`,
  value: () => "The value is no JSON, or deeper than 32 levels.",
  too_long: () => `The value is longer than ${MAX_VALUE / 1024} KiB of JSON. Divide it over several keys.`,
  malformed: (key) => `"${key.slice(0, 80)}" is no key. Keys are paths such as pump/serviced.`,
  full_entries: () => "The home's shared context has as many entries as it may. Delete what is not needed.",
  full_bytes: () => "The home's shared context is full. Delete what is not needed.",
  full_conflicts: () => "There are too many conflicts that nobody has decided. Decide them first.",
  full_share: () => "This node has as much of the home's shared context as one may. Delete what it does not need.",
  unsettled: (key) =>
    `The hub has not answered the last write to "${key}" yet, so its version is not known. Wait, or write without one.`,
  full_queue: () => "Too many writes wait for the hub. They are sent when this node is connected.",
};

/** Why what was written here is with the hub later. */
export const WAITING: Readonly<Record<Waits, string>> = {
  frozen: "waits: the home is frozen",
  often: "waits: this node writes more than the hub takes at once",
};

/** Why a write was not taken, for people. */
export const refusalText = (key: string, why: Why, version: number): string => `${TOLD[why](key, version)} ${NOTHING}`;
