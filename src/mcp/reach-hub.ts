import type { HomeName } from "../contract/context.ts";
import type { Fleet } from "../contract/fleet.ts";
import { inTimeOr } from "../lib/deadline.ts";
import { Fault } from "../lib/errors.ts";
import { describeError, log } from "../lib/log.ts";

/** A hub answers at once, or something is wrong with it. */
const HUB_MS = 5000;

const late = () => new Error("the hub did not answer in time");

const unreached = (name: string) =>
  new Fault("connection_failed", `The hub of home "${name}" cannot be asked, so that its nodes cannot be used now.`, {
    suggestions: ["Try again in a minute. Tools of PiMCP itself do not need the hub."],
  });

/**
 * A fleet whose hub may be away: every question ends in time, and in a fault that the caller can act on. A call says
 * itself how it ended.
 */
export function reaching(fleet: Fleet, { id, name }: HomeName): Fleet {
  async function ask<Value>(work: () => Promise<Value>, ms = HUB_MS): Promise<Value> {
    try {
      return await inTimeOr(ms, work(), late);
    } catch (error) {
      if (error instanceof Fault) throw error;
      log("warn", "hub_not_asked", { home: id, ...describeError(error) });
      throw unreached(name);
    }
  }
  return {
    offers: () => ask(() => fleet.offers()),
    nodes: () => ask(() => fleet.nodes()),
    watch: (operationId, since, ms) => ask(() => fleet.watch(operationId, since, ms), ms + HUB_MS),
    cancel: (operationId) => ask(() => fleet.cancel(operationId)),
    call: (call) => fleet.call(call),
  };
}
