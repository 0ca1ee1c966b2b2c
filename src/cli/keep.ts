import { randomBytes, scryptSync } from "node:crypto";
import { join } from "node:path";
import * as z from "zod";
import type { Activity } from "../contract/activity.ts";
import type { Claim } from "../contract/operation.ts";
import { createSealer, KEY_BYTES, type Sealer } from "../lib/crypto.ts";
import { Fault } from "../lib/errors.ts";
import { log } from "../lib/log.ts";
import { OperationKeeper, type OperationParts } from "../operations/operation-keeper.ts";
import type { Asker, PinParts, PinView } from "../reservations/outcome.ts";
import { PinKeeper } from "../reservations/pin-keeper.ts";
import { FREE, type Pin, settle } from "../reservations/rules.ts";
import { Alarms } from "./alarms.ts";
import { type Lock, lockedBy, takeLock } from "./lock.ts";
import { StateFile, storageOf } from "./state-file.ts";

/** How often a process that does not act looks whether it may. */
const TAKE_OVER_MS = 1000;

/** Where an account and its attempts are kept, beside the objects. */
const ABOUT = "about";
const CLAIMS = "claims";

const Claimed = z.object({ operation_id: z.string(), at: z.number() });

/** What the objects of a home are given. */
export interface KeepParts {
  readonly homeId: string;
  /** From which the key is made that seals what is kept. */
  readonly password: string;
  readonly open: PinParts["open"] & OperationParts["open"];
  readonly service: PinParts["service"];
}

/** What only the process may use that acts on the home. */
interface Acting {
  readonly lock: Lock;
  readonly alarms: Alarms;
  readonly sealer: Sealer;
  readonly pins: Map<string, PinKeeper>;
  readonly operations: Map<string, OperationKeeper>;
}

/**
 * The pins and operations of one home, kept in a file. Of several processes with the same file one acts: it sends
 * writes, ends holds, provisions. The others look on, and one of them takes over when it ends.
 */
export class Keep {
  readonly #parts: KeepParts;
  readonly #file: StateFile;
  readonly #lockPath: string;
  #acting: Acting | undefined;
  #waiting: ReturnType<typeof setInterval> | undefined;

  /** @param name of the home's files, without what is not fit for one */
  constructor(folder: string, name: string, parts: KeepParts) {
    this.#parts = parts;
    this.#lockPath = join(folder, `${name}.lock`);
    this.#file = new StateFile(join(folder, `${name}.sqlite`));
  }

  /** Acts from now on, or as soon as no other process does. */
  begin(): void {
    if (this.#take()) return;
    log("warn", "looking_on", { message: `${lockedBy(this.#lockPath)} acts on this home; this one only reads.` });
    this.#waiting = setInterval(() => this.#take(), TAKE_OVER_MS);
  }

  /** What is known of the account and what was tried with it. */
  recall(key: string): unknown {
    return this.#file.get(ABOUT, key);
  }

  remember(key: string, value: unknown): void {
    this.#file.put(ABOUT, key, value);
  }

  /** A number of this file alone, that passwords are mixed with. */
  salt(): Buffer {
    const known = this.recall("salt");
    if (typeof known === "string") return Buffer.from(known, "base64");
    const salt = randomBytes(16);
    this.remember("salt", salt.toString("base64"));
    return salt;
  }

  /** A pin as it is now; every process may look. */
  look(gpioId: number): PinView {
    const now = Date.now();
    const { kv } = storageOf(this.#file, pinObject(gpioId), NO_ALARM);
    return { pin: settle(kv.get<Pin>("pin") ?? FREE, now), now };
  }

  reservedPins(): number[] {
    return this.#file.objectsWith("pin", "pin").map((name) => Number(name.slice("pin:".length)));
  }

  /** @throws Fault `conflict` if another process acts */
  pin(gpioId: number): PinKeeper {
    return this.#pin(pinObject(gpioId), this.#act());
  }

  /** @throws Fault `conflict` if another process acts */
  operation(name: string): OperationKeeper {
    return this.#operation(`operation:${name}`, this.#act());
  }

  /** Claims what an operation works on, all or nothing; the claims in the way, unless theirs are over. */
  claim(targets: readonly string[], operationId: string, over: readonly string[]): Claim[] {
    this.#act();
    const now = Date.now();
    const inTheWay = new Map<string, number>();
    for (const target of targets) {
      const claimed = Claimed.safeParse(this.#file.get(CLAIMS, target)).data;
      if (claimed !== undefined && claimed.operation_id !== operationId && !over.includes(claimed.operation_id)) {
        inTheWay.set(claimed.operation_id, now - claimed.at);
      }
    }
    if (inTheWay.size > 0) return [...inTheWay].map(([operation_id, age_ms]) => ({ operation_id, age_ms }));
    for (const target of targets) this.#file.put(CLAIMS, target, { operation_id: operationId, at: now });
    return [];
  }

  /** Ends in good order: what has a safe level is driven to it now, for nobody is there to do it later. */
  async end(asker: Asker): Promise<void> {
    clearInterval(this.#waiting);
    const acting = this.#acting;
    if (acting === undefined) return;
    acting.alarms.stop();
    const { homeId } = this.#parts;
    await Promise.all(
      this.reservedPins().map(async (gpioId) => {
        const { pin } = this.look(gpioId);
        if (pin.kind !== "held" || pin.hold.onExpire === null) return;
        await this.pin(gpioId).break({ homeId, gpioId }, asker);
        await this.pin(gpioId).alarm();
      }),
    );
    acting.alarms.stop();
    acting.lock.free();
  }

  #act(): Acting {
    if (this.#acting === undefined) this.#take();
    if (this.#acting !== undefined) return this.#acting;
    throw new Fault(
      "conflict",
      `On this computer ${lockedBy(this.#lockPath)} already acts on this home for another AI client, so that pins have one master. Nothing was changed.`,
      {
        suggestions: [
          "Do it there, or end that client: this one then takes over by itself.",
          "Reading works here too.",
        ],
      },
    );
  }

  #take(): boolean {
    const lock = takeLock(this.#lockPath);
    if (lock === undefined) return false;
    clearInterval(this.#waiting);
    const sealer = createSealer(scryptSync(this.#parts.password, this.salt(), KEY_BYTES));
    const alarms = new Alarms(this.#file, (object) => this.#rung(object));
    this.#acting = { lock, alarms, sealer, pins: new Map(), operations: new Map() };
    // What was not sent when its process ended is not sent by this one: its person may have thought better of it.
    this.#file.deleteLike("operation:%", "step:%");
    alarms.start();
    // Pins whose alarm was lost set it anew.
    for (const gpioId of this.reservedPins()) this.pin(gpioId);
    return true;
  }

  async #rung(object: string): Promise<void> {
    const acting = this.#act();
    if (object.startsWith("pin:")) await this.#pin(object, acting).alarm();
    else if (object.startsWith("operation:")) await this.#operation(object, acting).alarm();
  }

  #pin(object: string, { pins, sealer, alarms }: Acting): PinKeeper {
    const { open, service } = this.#parts;
    const pin =
      pins.get(object) ??
      new PinKeeper(storageOf(this.#file, object, alarmOf(alarms, object)), { open, service, sealer, register });
    pins.set(object, pin);
    return pin;
  }

  #operation(object: string, { operations, sealer, alarms }: Acting): OperationKeeper {
    const { open } = this.#parts;
    const operation =
      operations.get(object) ??
      new OperationKeeper(storageOf(this.#file, object, alarmOf(alarms, object)), { open, register, sealer });
    operations.set(object, operation);
    return operation;
  }
}

const pinObject = (gpioId: number) => `pin:${gpioId}`;

const NO_ALARM = { getAlarm: () => Promise.resolve(null), setAlarm: () => Promise.resolve() };

function alarmOf(alarms: Alarms, object: string) {
  return {
    getAlarm: () => Promise.resolve(alarms.get(object)),
    setAlarm: (at: number) => {
      alarms.set(object, at);
      return Promise.resolve();
    },
  };
}

/** What is done is told on the log; which pins are reserved, the file knows. */
const register = () => ({
  frozen: () => Promise.resolve(null),
  record: (activity: Activity) => {
    const { why, ...rest } = activity;
    log("info", "activity", { at: new Date().toISOString(), ...rest, why: why ?? undefined });
    return Promise.resolve();
  },
});
