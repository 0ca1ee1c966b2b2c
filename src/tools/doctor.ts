import * as z from "zod";
import type { HomePorts } from "../contract/context.ts";
import { clientReport, gatewayHop, HOP_STATES } from "../contract/diagnosis.ts";
import { defineTool } from "../contract/tool.ts";
import { Fault } from "../lib/errors.ts";
import { fit } from "../lib/fit.ts";
import { READS } from "./hints.ts";

const HopRow = z.object({
  hop: z.string(),
  state: z.enum(HOP_STATES),
  seen: z.string(),
  remedy: z.string().optional().describe("the one change that mends it"),
});

const Time = z.string().nullable();

const ClientRow = z.object({
  client: z.string(),
  since: z.string(),
  discovered: Time,
  listed: Time,
  called: Time,
  ...HopRow.omit({ hop: true }).shape,
});

/** The homes that are meant. @throws Fault */
function chosen(every: readonly HomePorts[], id: string | undefined): readonly HomePorts[] {
  const homes = every.filter(({ home }) => id === undefined || home.id === id);
  if (homes.length > 0) return homes;
  throw new Fault("invalid_input", "This connection has no such home. Nothing was changed.", {
    suggestions: ["Use an id from list_homes, or leave home_id out."],
  });
}

export const diagnoseHome = defineTool({
  name: "diagnose_home",
  title: "Diagnose a home",
  description: "Find what is broken on the way from AI client to Pis, hop by hop, and the one change that mends it.",
  role: "viewer",
  scope: "gateway",
  input: z.strictObject({
    home_id: z.string().max(32).optional().describe("From list_homes; else all"),
    check_default_login: z
      .boolean()
      .optional()
      .describe("Admins: also try admin/admin123 once, which counts towards locking it"),
  }),
  output: z.object({
    gateway: z.array(HopRow),
    homes: z.array(z.object({ id: z.string(), name: z.string(), hops: z.array(HopRow) })),
    left_out: z.number().int().describe("homes for which there was no room; ask with home_id"),
    clients: z.array(ClientRow).describe("your AI clients; times noted about every ten minutes"),
  }),
  annotations: READS,
  async run({ home_id, check_default_login }, { everyHome, origin, connections }) {
    const homes = chosen(everyHome(), home_id);
    const [rows, clients] = await Promise.all([
      Promise.all(
        homes.map(async ({ home: { id, name }, diagnose }) => {
          const hops = await diagnose({ defaultLogin: check_default_login === true });
          return { id, name, hops: [...hops] };
        }),
      ),
      connections?.list() ?? [],
    ]);
    const told = fit(rows, 2);
    return {
      gateway: [gatewayHop(origin)],
      homes: [...told],
      left_out: rows.length - told.length,
      clients: [
        ...fit(
          clients.map((each) => clientReport(each)),
          2,
        ),
      ],
    };
  },
});
