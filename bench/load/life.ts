import { chance } from "./moods.ts";
import { deployPod, installPi, lookAround, runPump, switchLight } from "./deeds.ts";
import { type Me, pause, protocol, type Run } from "./talk.ts";
import type { Outcome } from "./wire.ts";

/** The life of one session: turns of a few calls each, and long pauses in which its person reads, types or is away. */

/** Between two turns of one session, in milliseconds on average. */
export const PAUSE_MS = 230_000;

/** How often a turn begins with a new session, with a session id that is none, or with the end of the session. */
const ANEW = 0.03;
const LOST = 0.01;
const ENDED = 0.01;

const isUnknownSession = (outcome: Outcome) => outcome.kind === "refused" && outcome.status === 404;

const begin = (me: Me, run: Run) => protocol(me, run, "initialize", () => me.client.open());

/** What happens to sessions, now and then; afterwards there is one again. */
async function perhapsAnew(me: Me, run: Run): Promise<void> {
  const dice = run.random();
  if (dice < ANEW) {
    await begin(me, run);
  } else if (dice < ANEW + LOST) {
    const provoked = { as: "a lost session id is refused", fits: isUnknownSession };
    await protocol(me, run, "tools/list", () => me.client.askWithForgedId("tools/list"), provoked);
    await begin(me, run);
  } else if (dice < ANEW + LOST + ENDED) {
    const status = await me.client.end();
    const provoked = {
      as: "an ended session is refused",
      fits: (outcome: Outcome) => status === 204 && isUnknownSession(outcome),
    };
    await protocol(me, run, "tools/list", () => me.client.ask("tools/list", {}), provoked);
    await begin(me, run);
  }
}

/** Homes where this run has installed a Pi. */
const installed = new Set<number>();

/** Admins deploy, and each home's first one installs a Pi once. */
async function administer(me: Me, run: Run): Promise<void> {
  const { home, place } = me.person;
  if (place === 0 && !installed.has(home.index)) {
    installed.add(home.index);
    await installPi(me, run);
  } else {
    await deployPod(me, run);
  }
}

type Turn = (me: Me, run: Run) => Promise<void>;

/** How often a turn is about a change, of those who may make it. */
const CHANGES = 0.35;

/** What a session may change. Of each thing that is written one session alone is the writer. */
function changeOf({ person: { role, pump, home }, slot }: Me): Turn | undefined {
  if (slot === 0) return role === "viewer" ? undefined : switchLight;
  if (slot === 1) return pump === undefined ? undefined : (me, run) => runPump(me, run, pump);
  return role === "admin" && home.dialect === "documented" ? administer : undefined;
}

const turnOf = (me: Me, { random }: Run): Turn => (random() < CHANGES ? (changeOf(me) ?? lookAround) : lookAround);

/** Opens a session. @throws Error if that fails: nothing would come of the rest */
export async function open(me: Me): Promise<void> {
  const outcome = await me.client.open();
  if (outcome.kind !== "result") throw new Error(`A session did not begin: ${JSON.stringify(outcome).slice(0, 300)}`);
  await me.client.ask("tools/list", {});
}

/** Lives until the end of the run. As turns come by chance, the load is the same from the first second on. */
export async function live(me: Me, run: Run): Promise<void> {
  for (;;) {
    const left = run.until - Date.now();
    const wait = chance(run.random, PAUSE_MS);
    if (wait >= left) {
      // oxlint-disable-next-line no-await-in-loop -- the last one
      await pause(Math.max(0, left));
      return;
    }
    // oxlint-disable-next-line no-await-in-loop -- turn by turn
    await pause(wait);
    // oxlint-disable-next-line no-await-in-loop
    if (me.client.hasId) await perhapsAnew(me, run);
    // oxlint-disable-next-line no-await-in-loop
    await turnOf(me, run)(me, run);
  }
}
