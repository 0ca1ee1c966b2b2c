import type { Attempt, Deed } from "../../contract/activity.ts";
import type { HomePorts } from "../../contract/context.ts";
import { atLeast, type Role } from "../../contract/role.ts";
import { Fault } from "../../lib/errors.ts";
import { readingRole } from "./visit.tsx";

/** What people do to a home on its pages; each is in its activity record, the refusals too. */

/** Who may do something, and how that is asked. */
interface Needed {
  readonly least: Role;
  readonly ask: (home: HomePorts) => Promise<Role>;
}

/** @throws Fault `forbidden` for who may not do that now, or of the home itself; it is written down */
async function assertMay(home: HomePorts, deed: Deed, { least, ask }: Needed): Promise<void> {
  try {
    const role = await ask(home);
    if (atLeast(role, least)) return;
    const why = `You are ${role} at ${home.home.name}, and this needs the role ${least}. Nothing was changed.`;
    throw new Fault("forbidden", why, { suggestions: ["Ask an admin of it."] });
  } catch (error) {
    if (error instanceof Fault) await home.activity.refused(deed, error);
    throw error;
  }
}

const NOW: Needed = { least: "admin", ask: (home) => home.presentRole(0) };

const freezing = (reason: string) => ({ what: `freeze the home (${reason})`, subject: "the home" });

/** Stops all changes. While the home does not answer, that is when it is needed: what it said at the sign-in counts. */
export async function freezeHome(home: HomePorts, reason: string): Promise<void> {
  await assertMay(home, freezing(reason), { ...NOW, ask: readingRole });
  const attempt = await home.activity.begin(freezing(reason), { evenFrozen: true });
  await home.activity.freeze(reason);
  await attempt.done();
}

/** Whoever lets changes be made again. */
export interface LiftRegister {
  lift(by: Pick<Attempt, "who" | "client">): Promise<void>;
}

/** Lets changes be made again. */
export async function liftHome(home: HomePorts, register: LiftRegister): Promise<void> {
  await assertMay(home, { what: "lift the freeze", subject: "the home" }, NOW);
  await register.lift({ who: home.caller.userName, client: home.caller.clientName ?? "" });
}

/** What is to be broken, and why. */
interface Break {
  readonly gpioId: number;
  /** Of the hold that was shown: breaking another one was not agreed to. */
  readonly fence: number;
  readonly reason: string;
}

/** Ends somebody's hold on a pin. @throws Fault `conflict` if it is another one by now */
export async function breakHold(home: HomePorts, { gpioId, fence, reason }: Break): Promise<void> {
  const subject = `GPIO device ${gpioId}`;
  const deed = { what: `break the reservation of ${subject} (${reason})`, subject };
  await assertMay(home, deed, NOW);
  const held = await home.reservations.state(gpioId);
  if (held?.fence !== fence) {
    throw new Fault("conflict", `The reservation of ${subject} that you saw has ended. Nothing was changed.`, {
      suggestions: ["Look at the pin again: somebody else may hold it now."],
    });
  }
  await recorded(home, deed, () => home.reservations.break(gpioId));
}

/** Does what may be written down first. @throws Fault of the work, or that the home is frozen */
async function recorded(home: HomePorts, deed: Deed, work: () => Promise<unknown>): Promise<void> {
  const attempt = await home.activity.begin(deed);
  try {
    await work();
    await attempt.done();
  } catch (error) {
    await attempt.failed(error);
    throw error;
  }
}

/** What was decided of a note, as it was shown. */
interface NoteWish {
  readonly key: string;
  readonly act: "keep" | "delete";
  readonly version: number;
  /** The version whose value stays. */
  readonly keep?: number | undefined;
}

/** Decides a note's conflict, or deletes it. @throws Fault `conflict` if it has changed since it was shown */
export async function decideNote(home: HomePorts, wish: NoteWish): Promise<void> {
  const { key, act, version: expected, keep } = wish;
  const subject = `note ${JSON.stringify(key)}`;
  const deed = {
    what: act === "delete" ? `delete ${subject}` : `keep version ${keep ?? expected} of ${subject}`,
    subject,
  };
  await assertMay(home, deed, { ...NOW, least: "operator" });
  const change = act === "delete" ? { action: "delete" as const } : { action: "resolve" as const, keep };
  await recorded(home, deed, () => home.shared.write({ key, expected, ...change }));
}
