/** What the shared context of one home may hold. */

export const MAX_ENTRIES = 5000;
/** Bytes of keys and values, of what is valid and of conflicts: 16 MiB. */
export const MAX_BYTES = 16 * 1024 * 1024;
/** What one node may have of that, as what it wrote last or in conflict: half, so that none can fill the home alone. */
export const MAX_NODE_ENTRIES = MAX_ENTRIES / 2;
export const MAX_NODE_BYTES = MAX_BYTES / 2;
/** Of the whole home, and of one entry: more than somebody ever decides on. */
export const MAX_CONFLICTS = 1000;
export const MAX_ENTRY_CONFLICTS = 16;

/** Versions of one entry that are kept beside the present one. */
export const HISTORY = 20;
/** Bytes of all those together, 64 MiB; the oldest go first. */
export const MAX_HISTORY_BYTES = 64 * 1024 * 1024;

const DAY_MS = 24 * 60 * 60 * 1000;
/** A deletion can be looked up, and undone from the history, for at least this long. */
export const TOMBSTONE_LEAST_MS = DAY_MS;
/** A node that was away for longer takes a snapshot when it comes back. */
export const TOMBSTONE_MS = 30 * DAY_MS;
/** That a write was carried out is known for this long: a node that was away repeats what it had no answer to. */
export const WRITES_MS = 90 * DAY_MS;
/**
 * And of as many of one node, its oldest forgotten first: twice what may wait there. Each node has its own, so that none
 * can make the hub forget another's.
 */
export const MAX_WRITES_KEPT = 20_000;
/** Writes that a node may send: all that waited with it at once, and 20 a second for as long as it likes. */
export const WRITES_RATE = { capacity: 10_000, perSecond: 20 };
/** How often it is looked for what is too old. */
export const TIDY_MS = 60 * 60 * 1000;
