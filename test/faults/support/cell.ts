import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { pinName } from "../../../src/reservations/port.ts";
import { PASSWORDS, type Told } from "./told.ts";
import { judge, type Verdict } from "./judge.ts";
import { Guest } from "./client.ts";
import { makeReady, type Scenario } from "./scenario.ts";
import { steer } from "./steer.ts";
import type { HomeFault } from "./table.ts";
import type { Aimed, Seen } from "./words.ts";

/** One cell of the table: a tool that meets a failure. */

export interface Cell extends Verdict {
  readonly tool: string;
  readonly reads: boolean;
  readonly fault: string;
  /** The same in words. */
  readonly what: string;
  /** The request that was struck; empty if none was. */
  readonly at: string;
  readonly told: string;
  readonly ms: number;
}

/** A call in which nothing fails. */
export interface Good {
  readonly told: Told;
  readonly seen: Seen;
}

/** Pins that good calls are about. */
export const PINS: readonly number[] = [11, 12, 15, 18, 19, 20, 22];

async function empty(object: DurableObjectStub): Promise<void> {
  const emptied = runInDurableObject(object, async (_object, state) => {
    await state.storage.deleteAlarm();
    await state.storage.deleteAll();
    state.abort("emptied by a test");
  });
  // The abort is the answer.
  await emptied.catch(() => undefined);
}

/** Takes away what earlier calls have left at a home's own objects; each call has a person of its own. */
export async function clear({ homeId, tool }: Scenario): Promise<void> {
  const pins = /gpio|reservation/.test(tool) ? PINS : [];
  const objects = pins.map((gpioId) => env.PIN_RESERVATION.getByName(pinName({ homeId, gpioId })));
  await Promise.all([env.HOME_HUB.getByName(homeId), ...objects].map((object) => empty(object)));
}

/** A home in its first state, a caller, and what they will call the tool with. */
export interface Ready {
  readonly guest: Guest;
  readonly args: Readonly<Record<string, unknown>>;
}

/** Makes a tool's home ready for somebody new. */
export async function readyAt(scenario: Scenario): Promise<Ready> {
  const guest = new Guest(scenario.homeId);
  return { guest, args: await makeReady(scenario, steer(scenario.homeId), guest) };
}

/** The call as it goes if nothing fails. */
async function goodCall(scenario: Scenario): Promise<Good> {
  const { guest, args } = await readyAt(scenario);
  const home = steer(scenario.homeId);
  await home.aim(null);
  const told = await guest.told(scenario.tool, args);
  // There is no job that this one could cancel.
  if (told.kind !== "value" && scenario.tool !== "cancel_operation") throw new Error(`${scenario.tool}: ${told.text}`);
  return { told, seen: await home.seen() };
}

/** So many at a time: the first calls build the whole Worker. */
const AT_ONCE = 8;

/** The good calls of all tools, by tool. */
export async function goodCalls(scenarios: readonly Scenario[]): Promise<ReadonlyMap<string, Good>> {
  const good = new Map<string, Good>();
  for (let from = 0; from < scenarios.length; from += AT_ONCE) {
    const some = scenarios.slice(from, from + AT_ONCE);
    await Promise.all(some.map(async (scenario) => void good.set(scenario.tool, await goodCall(scenario))));
  }
  return good;
}

/** Requests of other kinds come before what a call is about. */
const isAside = (request: string) => / \/api\/v1\/auth\/| \/health$/.test(request);
const isChange = (request: string) => !request.startsWith("GET ") && !isAside(request) && !request.endsWith("/read");

/** The request that matters most: the last that changes something, else the first that the answer is made of. */
function keyOf({ requests }: Seen): number {
  const last = requests.findLastIndex((request) => isChange(request) && !/\/(reserve|release)$/.test(request));
  if (last >= 0) return last;
  const change = requests.findLastIndex(isChange);
  if (change >= 0) return change;
  const main = requests.findIndex((request) => !isAside(request));
  return main >= 0 ? main : requests.length - 1;
}

/** Where a failure strikes: one aim for each cell. */
export function aimsOf({ how, at, lasting }: HomeFault, { seen }: Good): readonly (Aimed | undefined)[] {
  if (how === "refuse") return [undefined];
  const { requests } = seen;
  const key = keyOf(seen);
  const indexes = at === "each" ? requests.map((_, index) => index) : [key];
  return indexes.flatMap((index) => {
    const name = requests[index];
    if (name === undefined) return [];
    const nth = requests.slice(0, index).filter((each) => each === name).length;
    return [{ how, at: name, nth, lasting }];
  });
}

/** What has reached the home in the end, if the caller tries again with the same consent. */
async function triedAgain({ tool, homeId }: Scenario, { guest, args }: Ready, told: Told): Promise<Seen> {
  const home = steer(homeId);
  await home.mend();
  if (told.token !== undefined) await guest.once(tool, { ...args, confirm_token: told.token });
  return home.seen();
}

/** A call that is over. */
interface Met {
  readonly fault: string;
  readonly what: string;
  /** The request at which it failed; empty if at none. */
  readonly at: string;
  readonly ready: Ready;
  readonly told: Told;
  readonly good: Good;
  /** Whether what failed was certainly not carried out, so that it may be sent again. */
  readonly mayResend?: boolean;
}

/** Looks at what came of a call, and what comes of another try. */
export async function judged(
  scenario: Scenario,
  { fault, what, at, ready, told, good, mayResend = false }: Met,
): Promise<Cell> {
  const { tool, homeId, reads } = scenario;
  const seen = await steer(homeId).seen();
  const inTheEnd = await triedAgain(scenario, ready, told);
  const verdict = judge({ homeId, reads, told, seen, good, inTheEnd, mayResend, secrets: PASSWORDS });
  return { tool, reads, fault, what, at: seen.struck > 0 ? at : "", told: told.text, ms: told.ms, ...verdict };
}

/** Lets one call meet a failure of its home. */
export async function strike(scenario: Scenario, fault: HomeFault, aim: Aimed | undefined, good: Good): Promise<Cell> {
  await clear(scenario);
  const ready = await readyAt(scenario);
  const home = steer(scenario.homeId);
  // Signed in before, so that it is the call itself that is refused.
  if (fault.how === "refuse" || fault.how === "401") await ready.guest.call("list_clusters");
  await home.aim(aim ?? null);
  if (fault.how === "refuse") await home.refuse();
  const told = await ready.guest.told(scenario.tool, ready.args);
  if (fault.how === "refuse") await home.open();
  const mayResend = fault.how === "429" || fault.how === "401";
  return judged(scenario, {
    fault: fault.id,
    what: `the home ${fault.what}`,
    at: aim?.at ?? "",
    ready,
    told,
    good,
    mayResend,
  });
}
