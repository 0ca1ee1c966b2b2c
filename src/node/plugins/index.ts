import type { Plugin } from "../plugin.ts";

/** The plug-ins that come with a node. */
export const PLUGINS: readonly Plugin[] = [];
