import { WRITE_MS } from "../../src/federation/vitals.ts";
import { HEALTH_MS } from "../../src/federation/wire/limits.ts";
import { type Count, NOTHING, plus, times } from "./count.ts";
import type { Kind } from "./kinds.ts";

/** What one home does in a day: assumptions, on which every figure of the price page rests. */

export interface Use {
  readonly what: string;
  /** A day. */
  readonly often: number;
  /** Names of kinds, each done once. */
  readonly kinds: readonly string[];
}

const HOUR_MS = 3_600_000;
/** How often a node tells of its health in an hour, and how many of these reports are written down. */
export const HEALTHS_AN_HOUR = HOUR_MS / HEALTH_MS;
export const WRITTEN_AN_HOUR = HOUR_MS / WRITE_MS;

const SLEEPING = "a read tool after 33 s";
const NODES_EACH = 2;
export const HEALTH_REPORT = "a report of its health (pimcp/health)";
export const HEALTH_WRITTEN = "a report of its health that is written down";

export const USES: readonly Use[] = [
  {
    what: "conversations with an AI, each of which begins anew",
    often: 6,
    kinds: ["initialize", "tools/list", "a read tool, the home's token not yet known", "a session is forgotten"],
  },
  { what: "reads right after another call", often: 40, kinds: ["list_clusters"] },
  { what: "reads after a pause", often: 40, kinds: [SLEEPING] },
  { what: "resources read", often: 6, kinds: ["a resource"] },
  { what: "pins written", often: 12, kinds: ["write_gpio_pin"] },
  { what: "other changes", often: 6, kinds: ["create_cluster"] },
  {
    what: "changes that are confirmed",
    often: 2,
    kinds: ["delete_cluster, asking first", "delete_cluster, confirmed"],
  },
  { what: "reservations, half of which expire", often: 4, kinds: ["reserve_gpio_pin"] },
  { what: "of those: released", often: 2, kinds: ["release_gpio_pin"] },
  { what: "of those: expired", often: 2, kinds: ["a reservation expires"] },
  { what: "operations of minutes", often: 0.1, kinds: ["provision_cluster", "get_operation"] },
  { what: "notes shared", often: 6, kinds: ["write_context"] },
  { what: "calls of nodes", often: 10, kinds: ["a tool that a node offers and that reads"] },
  {
    what: `reports of health, of ${NODES_EACH} nodes`,
    often: NODES_EACH * 24 * (HEALTHS_AN_HOUR - WRITTEN_AN_HOUR),
    kinds: [HEALTH_REPORT],
  },
  {
    what: "beside them: those that are written down",
    often: NODES_EACH * 24 * WRITTEN_AN_HOUR,
    kinds: [HEALTH_WRITTEN],
  },
  {
    what: `links that break and begin again, of ${NODES_EACH} nodes`,
    often: NODES_EACH * 2,
    kinds: ["a node's link breaks", "a node joins, connects and says what it offers"],
  },
  { what: "pages of the console", often: 4, kinds: ["the console: a home"] },
  { what: "tokens renewed, of 2 AI clients", often: 2, kinds: ["token refresh"] },
  {
    what: "AI clients connected anew",
    often: 0.1,
    kinds: ["sign-in, whole: registration, pages, consent, token"],
  },
];

/** What a home's day comes to. @throws Error if a kind was not counted */
export function dayOf(kinds: readonly Kind[]): Count {
  const byName = new Map(kinds.map((kind) => [kind.name, kind.count]));
  return USES.reduce((day, { what, often, kinds: names }) => {
    const once = names.reduce((sum, name) => {
      const count = byName.get(name);
      if (count === undefined) throw new Error(`${what}: nothing was counted as "${name}"`);
      return plus(sum, count);
    }, NOTHING);
    return plus(day, times(once, often));
  }, NOTHING);
}
