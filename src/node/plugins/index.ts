import type { AnyPlugin } from "../plugin.ts";

/** The built-in plug-ins, in the order in which they are told of. Each is off until the configuration switches it on. */
export const plugins: readonly AnyPlugin[] = [];
