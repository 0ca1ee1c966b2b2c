import type { ActivityLog, Ending, Freeze } from "../contract/activity.ts";
import type { OperationState } from "../contract/operation.ts";
import { Fault } from "../lib/errors.ts";
import { describeError, log } from "../lib/log.ts";
import type { Step } from "../pi/provisioning.ts";
import { type OperationRecord, stateOf, subjectOf } from "./rules.ts";

/** The home's register, as far as an operation needs it. */
export interface OperationRegister extends ActivityLog {
  /** Whether nothing may be changed now. */
  frozen(): Promise<Freeze | null>;
}

/** @throws Fault if nothing may be changed at the home, or that cannot be found out: then nothing is sent */
export async function assertNotFrozen(register: OperationRegister): Promise<void> {
  const frozen = await register.frozen().catch((error: unknown) => {
    log("error", "register_not_asked", describeError(error));
    throw new Fault("operation_failed", "It could not be found out whether the home is frozen: this was not done.");
  });
  if (frozen !== null) throw new Fault("conflict", "The home was frozen before this was sent: it was not done.");
}

const WORDS: Readonly<Record<Step["kind"], string>> = {
  provision_cluster: "install K3s as",
  scale_cluster: "scale",
  provision_node: "install K3s on",
  deprovision_node: "remove K3s from",
};

const ENDINGS: Readonly<Record<OperationState["phase"], Ending>> = {
  running: { result: "begun", why: null },
  done: { result: "done", why: null },
  failed: { result: "failed", why: "get_operation tells why" },
  partly_failed: { result: "failed", why: "some of it; get_operation tells what" },
  unknown: { result: "unknown", why: "its request was cut off, and the home does not tell" },
};

/** Writes down how an operation ended, where everything is that happens at its home. It does not throw. */
export async function report(register: OperationRegister, record: OperationRecord): Promise<void> {
  const { phase, kind } = stateOf(record);
  const subject = record.steps.map(({ target }) => subjectOf(target)).join(", ");
  await register
    .record({ who: "PiMCP", client: "", what: `${WORDS[kind]} ${subject}`, subject, ...ENDINGS[phase] })
    .catch((error: unknown) => log("error", "activity_not_recorded", describeError(error)));
}
