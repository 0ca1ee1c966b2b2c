import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { vi } from "vitest";
import { pinName } from "../../../src/reservations/port.ts";
import { aimsOf, type Cell, clear, type Good, judged, PINS, type Ready, readyAt } from "./cell.ts";
import type { Guest } from "./client.ts";
import type { Scenario } from "./scenario.ts";
import { steer } from "./steer.ts";
import { everyStore } from "./store.ts";
import type { Told } from "./told.ts";

/** The failures of the gateway's own parts that can be made in one isolate. */

export interface OwnFault {
  readonly id: string;
  readonly what: string;
  /** Makes ready what fails for all tools at once. */
  begin(): void;
  meet(scenario: Scenario, good: Good): Promise<Cell>;
}

async function abort(object: DurableObjectStub): Promise<void> {
  const aborted = runInDurableObject(object, (_object, state) => state.abort("reset by a test"));
  // The abort is the answer.
  await aborted.catch(() => undefined);
}

/** Lets a call get as far as its most important request, which the home has done but not answered, and then something fail. */
function inTheMiddle(id: string, what: string, fail: (scenario: Scenario, guest: Guest) => Promise<void>): OwnFault {
  return {
    id,
    what,
    begin: () => undefined,
    async meet(scenario, good) {
      await clear(scenario);
      const ready = await readyAt(scenario);
      const home = steer(scenario.homeId);
      const [aim] = aimsOf({ id, what, how: "held", at: "key", lasting: false }, good);
      await home.aim(aim ?? null);
      const call = ready.guest.told(scenario.tool, ready.args);
      // A call that asks nothing of the home is over by itself.
      await Promise.race([home.held(), call]);
      await fail(scenario, ready.guest);
      await home.mend();
      return judged(scenario, { fault: id, what, at: aim?.at ?? "", ready, told: await call, good });
    },
  };
}

const broken = () => Promise.reject(new Error("KV GET failed: 500 Internal Server Error"));

/** The first values that were there for keys are what is there for ever. */
function stale(): void {
  const first = new Map<string, string>();
  const real = everyStore.get;
  vi.spyOn(everyStore, "get").mockImplementation(async function get(this: unknown, key: string) {
    const value = first.get(key) ?? (await real.call(this, key));
    if (typeof value === "string") first.set(key, value);
    return value;
  });
}

async function called(scenario: Scenario, ready: Ready): Promise<Told> {
  await steer(scenario.homeId).aim(null);
  return ready.guest.told(scenario.tool, ready.args);
}

/** A call while the key-value store fails, by somebody whom nobody knows yet. */
function withStore(id: string, what: string, begin: () => void): OwnFault {
  return {
    id,
    what,
    begin() {
      vi.restoreAllMocks();
      for (const level of ["info", "warn", "error"] as const) vi.spyOn(console, level).mockReturnValue();
      begin();
    },
    async meet(scenario, good) {
      await clear(scenario);
      const ready = await readyAt(scenario);
      const told = await called(scenario, ready);
      return judged(scenario, { fault: id, what, at: "", ready, told, good });
    },
  };
}

/** A call by somebody whose tokens are in the store, and no longer good at the home. */
function withOldTokens(id: string, what: string): OwnFault {
  return {
    ...withStore(id, what, stale),
    async meet(scenario, good) {
      await clear(scenario);
      const ready = await readyAt(scenario);
      const session = await ready.guest.session();
      // A session that has forgotten everything looks into the store, and finds what it held at first.
      for (const restart of [false, true, false]) {
        await ready.guest.call("list_clusters");
        if (restart) await steer(scenario.homeId).restart();
        await abort(session);
      }
      const told = await called(scenario, ready);
      return judged(scenario, { fault: id, what, at: "", ready, told, good, mayResend: true });
    },
  };
}

export const OWN_FAULTS: readonly OwnFault[] = [
  inTheMiddle("session-aborted", "the session's object is reset in the middle", async (_scenario, guest) =>
    abort(await guest.session()),
  ),
  inTheMiddle("pin-aborted", "the pins' objects are reset in the middle", async ({ homeId }) => {
    await Promise.all(PINS.map((gpioId) => abort(env.PIN_RESERVATION.getByName(pinName({ homeId, gpioId })))));
  }),
  withStore(
    "kv-read",
    "the key-value store cannot be read",
    () => void vi.spyOn(everyStore, "get").mockImplementation(broken),
  ),
  withStore(
    "kv-write",
    "the key-value store cannot be written",
    () => void vi.spyOn(everyStore, "put").mockImplementation(broken),
  ),
  withOldTokens("kv-stale", "the key-value store shows what it held before"),
];
