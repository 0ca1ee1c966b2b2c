/** A pin's level as people say it. */
export const LEVEL_NAME = { 0: "LOW (0)", 1: "HIGH (1)" } as const;
