import type { Attempt, Deed } from "../../contract/activity.ts";
import type { HomePorts } from "../../contract/context.ts";
import { atLeast, type Role } from "../../contract/role.ts";
import { Fault } from "../../lib/errors.ts";
import { readingRole } from "./visit.tsx";

/** What admins do to a home on its pages; each is in its activity record, the refusals too. */

/** @throws Fault `forbidden` for who is no admin of the home now, or of the home itself; it is written down */
async function assertAdmin(home: HomePorts, deed: Deed, ask: (home: HomePorts) => Promise<Role>): Promise<void> {
  try {
    const role = await ask(home);
    if (atLeast(role, "admin")) return;
    throw new Fault(
      "forbidden",
      `You are ${role} at ${home.home.name}, and this is for its admins. Nothing was changed.`,
      {
        suggestions: ["Ask one of them."],
      },
    );
  } catch (error) {
    if (error instanceof Fault) await home.activity.refused(deed, error);
    throw error;
  }
}

const roleNow = (home: HomePorts) => home.presentRole(0);

/** Stops all changes. While the home does not answer, that is when it is needed: what it said at the sign-in counts. */
export async function freezeHome(home: HomePorts, reason: string): Promise<void> {
  await assertAdmin(home, { what: "freeze the home", subject: "the home" }, readingRole);
  await home.activity.freeze(reason);
}

/** Whoever lets changes be made again. */
export interface LiftRegister {
  lift(by: Pick<Attempt, "who" | "client">): Promise<void>;
}

/** Lets changes be made again. */
export async function liftHome(home: HomePorts, register: LiftRegister): Promise<void> {
  await assertAdmin(home, { what: "lift the freeze", subject: "the home" }, roleNow);
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
  await assertAdmin(home, deed, roleNow);
  const held = await home.reservations.state(gpioId);
  if (held?.fence !== fence) {
    throw new Fault("conflict", `The reservation of ${subject} that you saw has ended. Nothing was changed.`, {
      suggestions: ["Look at the pin again: somebody else may hold it now."],
    });
  }
  const attempt = await home.activity.begin(deed);
  try {
    await home.reservations.break(gpioId);
    await attempt.done();
  } catch (error) {
    await attempt.failed(error);
    throw error;
  }
}
