import { RING_PATH, RingAnswer, RUNG } from "./ring-path.ts";
import { dueAlarms } from "./stock.ts";

/** So many objects are rung at a time. */
const AT_ONCE = 100;
/** More often than that nothing rings in one stretch of time: else something rings for ever. */
const MAX_ROUNDS = 100;

async function ring(gateway: string, ask: { kind: string; ids: readonly string[]; aheadMs: number }): Promise<number> {
  const response = await fetch(gateway + RING_PATH, { method: "POST", body: JSON.stringify(ask) });
  if (!response.ok)
    throw new Error(`Ringing ${ask.kind} failed with HTTP ${response.status}: ${await response.text()}`);
  return RingAnswer.parse(await response.json()).rung;
}

/** Rings all objects of a class that are due, once. @returns how many were */
async function ringKind(gateway: string, state: string, kind: string, aheadMs: number): Promise<number> {
  const ids = dueAlarms(state, kind, Date.now() + aheadMs);
  let rung = 0;
  for (let from = 0; from < ids.length; from += AT_ONCE) {
    // oxlint-disable-next-line no-await-in-loop -- so many at a time
    rung += await ring(gateway, { kind, ids: ids.slice(from, from + AT_ONCE), aheadMs });
  }
  return rung;
}

/**
 * Lets time pass in which nobody does anything: sets the Worker's clock ahead and rings whoever is due, until nobody is.
 * @param state where the runtime keeps everything
 * @returns how many alarms rang
 */
export async function passTime(gateway: string, state: string, aheadMs: number): Promise<number> {
  // Sets the clock, also where nobody is due.
  await ring(gateway, { kind: RUNG[0], ids: [], aheadMs });
  let all = 0;
  for (let round = 0; round < MAX_ROUNDS; round += 1) {
    let rung = 0;
    // oxlint-disable-next-line no-await-in-loop -- what one alarm does may make another one due
    for (const kind of RUNG) rung += await ringKind(gateway, state, kind, aheadMs);
    if (rung === 0) return all;
    all += rung;
  }
  throw new Error("Alarms ring without end.");
}
