import { unrecorded } from "../activity/unrecorded.ts";
import type { Caller } from "../contract/caller.ts";
import type { OpenHome } from "../contract/context.ts";
import { noFleet } from "../contract/fleet.ts";
import type { OneTimeSecrets } from "../contract/secrets.ts";
import type { SharedContext } from "../contract/shared-context.ts";
import type { OpenPi } from "../homes/open.ts";
import { Fault } from "../lib/errors.ts";
import { type OperationNamespace, operationsPort } from "../operations/port.ts";
import { type PinObject, type PinPorts, reservationsPort } from "../reservations/port.ts";
import type { Keep } from "./keep.ts";

/** A pin of this process, as one that is asked over RPC elsewhere. */
function pinOf(keep: Keep, gpioId: number): PinObject {
  return {
    look: async () => keep.look(gpioId),
    reserve: async (...asked) => keep.pin(gpioId).reserve(...asked),
    drive: async (...asked) => keep.pin(gpioId).drive(...asked),
    release: async (...asked) => keep.pin(gpioId).release(...asked),
    break: async (...asked) => keep.pin(gpioId).break(...asked),
    remove: async (...asked) => keep.pin(gpioId).remove(...asked),
  };
}

function operationsIn(keep: Keep): OperationNamespace {
  return {
    getByName: (name) => ({
      start: async (...asked) => keep.operation(name).start(...asked),
      watch: async (request) => keep.operation(name).watch(request),
      progress: async () => keep.operation(name).progress(),
    }),
  };
}

const needsGateway = () =>
  Promise.reject(
    new Fault(
      "operation_failed",
      "The shared context lives in the gateway, and this server works without one. Nothing was changed.",
      { suggestions: ["Connect the AI client to the gateway's URL instead, or on a node use: pimcp context"] },
    ),
  );

/** Over stdio nothing is shared. */
const NO_CONTEXT: SharedContext = {
  read: needsGateway,
  history: needsGateway,
  list: needsGateway,
  write: needsGateway,
};

/** What acts on the home in the caller's name. */
export function openHomeWith(openPi: OpenPi, keep: Keep, secrets: OneTimeSecrets): OpenHome {
  const pins: PinPorts = {
    pin: ({ gpioId }) => pinOf(keep, gpioId),
    // Nothing is shared here: every read asks the home.
    wrote: () => undefined,
    hub: () => ({ reservedPins: async () => keep.reservedPins(), forgetPins: () => Promise.resolve() }),
  };
  const operations = operationsIn(keep);
  const claims = {
    claim: async (targets: string[], operationId: string, over: string[]) => keep.claim(targets, operationId, over),
  };
  return (caller: Caller, homeId, signal) => {
    const opened = openPi(caller, homeId, signal);
    return {
      ...opened,
      caller,
      operations: operationsPort(operations, claims, caller, opened.home),
      reservations: reservationsPort(pins, caller, homeId, opened.pi),
      secrets,
      shared: NO_CONTEXT,
      activity: unrecorded,
      fleet: noFleet,
    };
  };
}
