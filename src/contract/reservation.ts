import type { Level } from "../pi/gpio.ts";

/** Exclusive, expiring holds on GPIO pins. */

/** What a caller asks to hold. */
export interface ReserveRequest {
  /** The caller's own name for the holder, such as "watering"; part of who holds. */
  readonly client_id: string;
  readonly seconds: number;
  /** The level that the pin is driven to when the hold ends without a release. */
  readonly on_expire: Level | null;
}

/** The hold on a pin, as it may be shown to anyone at the home. */
export interface Reservation {
  readonly gpio_id: number;
  /** `making_safe`: the hold has ended, and the safe level is not yet confirmed. `freed`: it was just ended. */
  readonly state: "held" | "making_safe" | "freed";
  /** Name of the person, and the client that acts for them. */
  readonly holder: string;
  readonly client_id: string;
  readonly mine: boolean;
  /** Rises with each grant on this pin. */
  readonly fence: number;
  /** RFC 3339. */
  readonly expires_at: string;
  readonly seconds_left: number;
  readonly on_expire: Level | null;
  /** Why the safe level is not confirmed yet. */
  readonly problem: string | null;
}

/** The pins of one home, for one caller. Every refusal is a `Fault`. */
export interface Reservations {
  reserve(gpioId: number, request: ReserveRequest): Promise<Reservation>;
  /**
   * Ends one's own hold; with a level, the pin is driven to it first.
   * @returns the level that the pin was last driven to under this hold; `null` if it was not driven, or that is unknown
   */
  release(gpioId: number, clientId: string, level: Level | null): Promise<{ gpio_id: number; value: Level | null }>;
  /** Every write of a pin goes this way; a free pin is held for the length of the call. */
  write(gpioId: number, value: Level, clientId: string | null): Promise<{ gpio_id: number; value: Level }>;
  /** `null` while the pin is free. */
  state(gpioId: number): Promise<Reservation | null>;
  list(mine: boolean): Promise<readonly Reservation[]>;
  /** Ends somebody else's hold. */
  break(gpioId: number): Promise<Reservation>;
  /** Deletes the device, unless its pin is held or still to be made safe. */
  remove(gpioId: number): Promise<void>;
}
