import type { SharedNotes } from "../../src/node/plugin.ts";

/** The shared context of a node that has none. */
export const NO_NOTES: SharedNotes = {
  get: () => undefined,
  list: () => [],
  put: () => undefined,
  delete: () => undefined,
  watch: () => () => undefined,
};
