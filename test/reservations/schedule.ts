import { abortAllDurableObjects, evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { vi } from "vitest";
import type { PinReservation } from "../../src/index.ts";
import type { Asker, PinAddress } from "../../src/reservations/outcome.ts";
import { pinName } from "../../src/reservations/port.ts";
import { type Holder, type Pin, sameHolder, settle } from "../../src/reservations/rules.ts";
import type { Controller, Weather, Write } from "../support/controller.ts";

/** Runs one random interleaving of everything that can happen to a pin, and watches that it stays safe. */

export type Action =
  | { readonly kind: "reserve"; readonly who: number; readonly seconds: number; readonly onExpire: 0 | 1 | null }
  | { readonly kind: "write"; readonly who: number | null; readonly value: 0 | 1 }
  | { readonly kind: "admit"; readonly who: number | null }
  | { readonly kind: "send-late"; readonly value: 0 | 1 }
  | { readonly kind: "release"; readonly who: number; readonly level: 0 | 1 | null }
  | { readonly kind: "break" }
  | { readonly kind: "advance"; readonly seconds: number }
  | { readonly kind: "alarm" }
  | { readonly kind: "evict" }
  | { readonly kind: "abort" }
  | { readonly kind: "weather"; readonly weather: Weather }
  /** Two calls at once. */
  | { readonly kind: "race"; readonly first: number; readonly second: number; readonly value: 0 | 1 };

const HOME = "home";

export const HOLDERS: readonly Holder[] = [
  { userId: "home.1", userName: "ann", clientId: "claude", label: "pump" },
  { userId: "home.1", userName: "ann", clientId: "cursor", label: "pump" },
  { userId: "home.2", userName: "bob", clientId: "claude", label: "pump" },
];

const mirrorName = ({ userId, label }: Holder) => `pimcp:${userId}:${label}`;

function askerOf(holder: Holder): Asker {
  return {
    holder,
    caller: {
      userId: holder.userId,
      userName: holder.userName,
      clientId: holder.clientId,
      connectionId: "c",
      homes: { [HOME]: { role: "operator", login: { username: "operator", password: "operator-demo" } } },
    },
  };
}

const asker = (who: number | null): Asker => {
  const holder = HOLDERS[who ?? 0] ?? HOLDERS[0];
  if (holder === undefined) throw new Error("there are holders");
  return askerOf(who === null ? { ...holder, label: "one call" } : holder);
};

interface Late {
  readonly fence: number;
  readonly who: number | null;
}

/** One pin under test. */
export class Schedule {
  readonly violations: string[] = [];
  readonly #address: PinAddress;
  readonly #controller: Controller;
  readonly #fences: number[] = [];
  /** Numbers under which a write was carried out, in that order. */
  readonly #sent: number[] = [];
  #late: Late[] = [];
  #before: Pin = { kind: "free" };

  constructor(gpioId: number, controller: Controller) {
    this.#address = { homeId: HOME, gpioId };
    this.#controller = controller;
    controller.onWrite = (write) => this.#checkWrite(write);
  }

  get #stub(): DurableObjectStub<PinReservation> {
    return env.PIN_RESERVATION.getByName(pinName(this.#address));
  }

  /** Carries out one action, then looks at the pin. */
  async run(action: Action): Promise<void> {
    this.#before = settle((await this.#stored()).pin, Date.now());
    await this.#do(action).catch((error: unknown) => {
      // An object that was aborted loses the call; whoever made it sees that, and nothing was promised.
      if (!String(error).includes("abort") && !String(error).includes("Application called")) throw error;
    });
    await this.#checkState(action);
  }

  /** Lets the home work again and time pass until the pin is free, and its storage empty. */
  async settle(): Promise<void> {
    this.#controller.weather = "fine";
    const safe = await this.#lastSafeLevel();
    for (let round = 0; round < 8; round += 1) {
      this.#advance(25 * 60 * 60);
      await runDurableObjectAlarm(this.#stub);
    }
    const { keys } = await this.#stored();
    if (keys.length > 0) this.#violation(`storage is not empty at the end: ${keys.join(", ")}`);
    const level = this.#controller.levels.get(this.#address.gpioId) ?? 0;
    if (safe !== null && level !== safe) this.#violation(`the pin was left at ${level} instead of ${safe}`);
  }

  // eslint-disable-next-line complexity -- one case for each kind of action
  async #do(action: Action): Promise<unknown> {
    const stub = this.#stub;
    const here = this.#address;
    switch (action.kind) {
      case "reserve": {
        const { seconds, onExpire } = action;
        const outcome = await stub.reserve(here, asker(action.who), { seconds, onExpire });
        if (outcome.ok) this.#granted(action.who, outcome.value.pin, outcome.value.now);
        return outcome;
      }
      case "write":
        return this.#write(action.who, action.value);
      case "admit": {
        const admitted = await this.#admit(action.who);
        if (admitted.ok) this.#late.push({ fence: admitted.value, who: action.who });
        return admitted;
      }
      case "send-late":
        return this.#sendLate(action.value);
      case "release":
        return stub.release(here, asker(action.who), action.level);
      case "break":
        return stub.break(here, asker(1));
      case "advance":
        return this.#advance(action.seconds);
      case "alarm":
        return runDurableObjectAlarm(stub);
      case "evict":
        return evictDurableObject(stub);
      case "abort":
        return abortAllDurableObjects();
      case "weather":
        this.#controller.weather = action.weather;
        return undefined;
      case "race":
        return Promise.all([
          this.#write(action.first, action.value),
          this.#write(action.second, action.value === 1 ? 0 : 1),
          stub.reserve(here, asker(action.first), { seconds: 5, onExpire: null }),
        ]);
    }
  }

  /** The first half of a write, as an event of its own: callers have both in one, between which nothing comes. */
  #admit(who: number | null) {
    return runInDurableObject(this.#stub, ({ keeper }) => keeper.admit(this.#address, asker(who), who !== null));
  }

  /** The second half, as late as may be. */
  #send(who: number | null, fence: number, value: 0 | 1) {
    return runInDurableObject(this.#stub, ({ keeper }) => keeper.write(this.#address, asker(who), fence, value));
  }

  async #write(who: number | null, value: 0 | 1): Promise<void> {
    const admitted = await this.#admit(who);
    if (!admitted.ok) return;
    const written = await this.#send(who, admitted.value, value);
    if (written.ok) this.#sent.push(admitted.value);
  }

  async #sendLate(value: 0 | 1): Promise<void> {
    const late = this.#late.shift();
    if (late === undefined) return;
    const written = await this.#send(late.who, late.fence, value);
    const pin = settle((await this.#stored()).pin, Date.now());
    const stillHeld = pin.kind === "held" && pin.hold.fence === late.fence;
    const newer = [...this.#fences, ...this.#sent].some((fence) => fence > late.fence);
    if (!written.ok) return;
    if (pin.kind === "held" && !stillHeld) this.#violation("a late write of an earlier hold was sent");
    if (newer) this.#violation("a late write with an older number was sent");
    this.#sent.push(late.fence);
  }

  #granted(who: number, pin: Pin, now: number): void {
    if (pin.kind !== "held") return;
    const before = this.#before;
    const others = before.kind === "held" && before.hold.expiresAt > now;
    if (others && !sameHolder(before.hold.holder, asker(who).holder)) this.#violation("two holders");
    if (before.kind === "unsafe") this.#violation("a pin was granted before it was safe");
    const last = Math.max(0, ...this.#fences);
    const renewed = others && before.hold.fence === pin.hold.fence;
    if (!renewed && pin.hold.fence <= last) this.#violation(`fence ${pin.hold.fence} after ${last}`);
    this.#fences.push(pin.hold.fence);
  }

  /** Looks at the pin at the moment in which a write reaches the controller. */
  async #checkWrite({ value, by }: Write): Promise<void> {
    const stored = await this.#stored();
    const pin = settle(stored.pin, Date.now());
    if (pin.kind === "free") {
      if (by !== undefined) this.#violation(`${by} wrote a pin that it does not hold`);
      return;
    }
    if (by !== mirrorName(pin.hold.holder)) this.#violation(`${by ?? "nobody"} wrote over ${pin.hold.holder.userName}`);
    if (pin.kind === "unsafe" && value !== pin.hold.onExpire) this.#violation("an unsafe level while making safe");
  }

  async #checkState(action: Action): Promise<void> {
    const { pin, alarm, keys } = await this.#stored();
    if (pin.kind !== "free" && alarm === null) this.#violation(`${pin.kind} without an alarm after ${action.kind}`);
    if (pin.kind === "free" && keys.includes("login")) this.#violation(`a login was left behind after ${action.kind}`);
    const wanted = this.#before.kind === "unsafe" ? this.#before.hold.onExpire : null;
    const level = this.#controller.levels.get(this.#address.gpioId) ?? 0;
    if (wanted !== null && pin.kind === "free" && level !== wanted) this.#violation(`freed while at ${level}`);
  }

  async #lastSafeLevel(): Promise<0 | 1 | null> {
    const { pin } = await this.#stored();
    return pin.kind === "free" ? null : pin.hold.onExpire;
  }

  #stored(): Promise<{ pin: Pin; alarm: number | null; keys: string[] }> {
    return runInDurableObject(this.#stub, async (_object, { storage }) => ({
      pin: storage.kv.get<Pin>("pin") ?? { kind: "free" },
      alarm: await storage.getAlarm(),
      keys: [...storage.kv.list()].map(([key]) => key),
    }));
  }

  #advance(seconds: number): void {
    vi.setSystemTime(Date.now() + seconds * 1000);
  }

  #violation(what: string): void {
    this.violations.push(what);
  }
}
