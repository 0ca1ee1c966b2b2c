import { Fault, type FaultDetails, type FaultType } from "../lib/errors.ts";

/** The stages of the way, in their order as a request sees them from within the gateway. */
export type Stage = "tunnel" | "access" | "tls" | "controller";

/** The fault of a request that was stopped on its way. */
export class Stopped extends Fault {
  readonly stage: Stage;

  constructor(
    { type, stage, remedy }: { readonly type: FaultType; readonly stage: Stage; readonly remedy: string },
    message: string,
    details: FaultDetails,
  ) {
    super(type, message, { suggestions: [remedy], details });
    this.stage = stage;
  }
}
