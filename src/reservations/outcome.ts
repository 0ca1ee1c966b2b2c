import type { ActivityLog } from "../contract/activity.ts";
import type { Caller } from "../contract/caller.ts";
import type { Sealer } from "../lib/crypto.ts";
import type { FaultBody } from "../lib/errors.ts";
import type { PiClient } from "../pi/client.ts";
import type { Level } from "../pi/gpio.ts";
import type { Decision, Holder, Pin } from "./rules.ts";

/** What is said between a pin's object and those who ask it. */

/** Which pin an object is about. */
export interface PinAddress {
  readonly homeId: string;
  readonly gpioId: number;
}

/** Someone who asks something of a pin. */
export interface Asker {
  readonly caller: Caller;
  readonly holder: Holder;
}

/** What is wished for when a pin is reserved. */
export interface Wish {
  readonly seconds: number;
  readonly onExpire: Level | null;
}

/** An answer over RPC, where an error would lose its class. */
export type Outcome<Value> = Decision<Value> | { readonly ok: false; readonly fault: FaultBody };

/** A pin as it is now, by its object's clock. */
export interface PinView {
  readonly pin: Pin;
  readonly now: number;
}

/** A pin whose hold was ended: as it was found, and as it was left. */
export interface Broken {
  readonly before: PinView;
  readonly after: PinView;
}

/** What a pin's object is given once, by `wiring/`. */
export interface PinParts {
  readonly open: (caller: Caller, homeId: string, signal: AbortSignal) => { readonly pi: PiClient };
  /** The home's service account, if one is configured: makes pins safe without anybody being there. */
  readonly service: (homeId: string) => Caller | undefined;
  readonly register: (homeId: string) => ActivityLog;
  readonly sealer: Sealer;
}
