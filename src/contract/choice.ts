/** What a home has that ids and names stand for; `fleet`: the nodes of its hub. */
export const KINDS = ["cluster", "node", "gpio", "fleet"] as const;

export type Kind = (typeof KINDS)[number];

/** What a parameter may be filled in with: ids or names of what the home has, or fixed words. */
export type Choice = { readonly of: Kind; readonly as: "id" | "name" } | readonly string[];
