/** How texts are searched: by their words, by what they mean, or by both. */
export const MODES = ["words", "meaning", "both"] as const;
export type Mode = (typeof MODES)[number];
