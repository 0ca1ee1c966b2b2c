import * as z from "zod";
import { type Freeze, RESULTS } from "../contract/activity.ts";
import { defineTool } from "../contract/tool.ts";
import { Fault } from "../lib/errors.ts";
import { Limit } from "./fields.ts";
import { READS } from "./hints.ts";

const HOUR_MS = 60 * 60 * 1000;
const MAX_HOURS = 400 * 24;

export const listActivity = defineTool({
  name: "list_activity",
  title: "List activity",
  description:
    "List what was changed or refused at this home, newest first: who, through which AI client, what, and how it ended.",
  role: "viewer",
  input: z.strictObject({
    about: z.string().max(100).optional().describe("Part of what was done or to what, such as GPIO device 15"),
    who: z.string().max(100).optional().describe("Part of a person's or client's name"),
    result: z.enum(RESULTS).optional(),
    hours: z.number().int().min(1).max(MAX_HOURS).optional().describe("Only of the last hours"),
    before: z.number().int().min(1).optional().describe("Only before this seq: the next page"),
    limit: Limit,
  }),
  output: z.object({
    frozen: z.string().optional().describe("since when and why nothing can be changed"),
    activity: z.array(z.object({ seq: z.number().int(), at: z.string(), what: z.string() })),
    more: z.boolean(),
  }),
  annotations: READS,
  independent: true,
  async run({ hours, limit, ...filter }, { activity }) {
    const since = hours === undefined ? undefined : Date.now() - hours * HOUR_MS;
    const [found, frozen] = await Promise.all([
      activity.list({ ...filter, since, limit: limit + 1 }),
      activity.frozen(),
    ]);
    const shown = found.slice(0, limit);
    return {
      ...(frozen === null ? {} : { frozen: `${new Date(frozen.at).toISOString()} by ${frozen.by}: ${frozen.reason}` }),
      activity: shown.map((each) => ({
        seq: each.seq,
        at: new Date(each.at).toISOString(),
        what: each.sentence,
      })),
      more: found.length > shown.length,
    };
  },
});

const isFrozenAlready = ({ at, by, reason }: Freeze) =>
  new Fault(
    "conflict",
    `It is frozen already, since ${new Date(at).toISOString()} by ${by}: "${reason}". It stays so.`,
    {
      suggestions: ["A person who is admin can lift it on the home's page."],
    },
  );

export const freezeHome = defineTool({
  name: "freeze_home",
  title: "Freeze a home",
  description:
    "Stop all changes at this home at once, by everyone; reading goes on, and reservations still end safely. Only a person can lift it.",
  role: "admin",
  input: z.strictObject({ reason: z.string().min(3).max(200).describe("Why, for the record") }),
  output: z.object({ frozen_since: z.string(), by: z.string(), reason: z.string(), next: z.string() }),
  annotations: { readOnlyHint: false, destructiveHint: false, idempotentHint: true, openWorldHint: false },
  deed: ({ reason }) => ({ what: `freeze the home (${reason})`, subject: "the home" }),
  evenFrozen: true,
  independent: true,
  async run({ reason }, { activity, home, origin }) {
    const before = await activity.frozen();
    if (before !== null) throw isFrozenAlready(before);
    const freeze = await activity.freeze(reason);
    return {
      frozen_since: new Date(freeze.at).toISOString(),
      by: freeze.by,
      reason: freeze.reason,
      next: `A person who is admin of this home can lift it at ${origin}/homes/${home.id}.`,
    };
  },
});
