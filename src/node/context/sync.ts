import type * as z from "zod";
import {
  ChangedParams,
  CONTEXT_METHOD,
  SinceAnswer,
  SnapshotAnswer,
  WriteAnswer,
} from "../../federation/wire/context-frames.ts";
import { WAITING } from "./refusals.ts";
import type { Replica } from "./replica.ts";

/** The way to the hub, for as long as it is open. */
export interface ContextWire {
  /** @throws if it is refused or not answered */
  request(method: string, params: Readonly<Record<string, unknown>>): Promise<unknown>;
}

/** Keeps a replica and the hub alike, while there is a link. */
export interface ContextSync {
  linked(wire: ContextWire): void;
  unlinked(): void;
  /** The hub tells of a change. */
  notified(params: unknown): void;
  /** Something was written here, or it is time to look whether something was missed. */
  poke(): void;
}

export interface SyncParts {
  readonly now: () => number;
  /** Something has changed here that others may want to see. */
  readonly changed: () => void;
  /** The hub did not answer, or not as it should: tried again with the next `poke`. */
  readonly failed: (error: unknown) => void;
}

/** What is not an answer of the hub's form. */
class NoAnswer extends Error {}

export function contextSync(replica: Replica, { now, changed, failed }: SyncParts): ContextSync {
  let wire: ContextWire | undefined;
  let running = false;
  let wanted = false;
  let snapshots = 0;

  /** Asks, on one link: an answer that comes after that has ended is not taken. */
  async function ask<Schema extends z.ZodType<{ readonly now: number }>>(
    over: ContextWire,
    method: string,
    params: Readonly<Record<string, unknown>>,
    schema: Schema,
  ): Promise<z.output<Schema>> {
    const parsed = schema.safeParse(await over.request(method, params));
    if (wire !== over) throw new NoAnswer("the link has ended");
    if (!parsed.success) throw new NoAnswer(`the hub's answer to ${method} has not its form`);
    replica.heardTime(parsed.data.now, now());
    return parsed.data;
  }

  async function push(over: ContextWire): Promise<void> {
    for (let writes = replica.batch(); writes.length > 0; writes = replica.batch()) {
      const { outcomes, waits } = await ask(over, CONTEXT_METHOD.write, { writes }, WriteAnswer);
      const answered = new Set(outcomes.map(({ id }) => id));
      // Else the same batch would be sent for ever.
      if (waits === undefined && !writes.every(({ id }) => answered.has(id)))
        throw new NoAnswer("the hub has not answered every write");
      replica.settled(outcomes, now());
      replica.held(waits ?? null, now());
      changed();
      if (waits !== undefined) return failed(new NoAnswer(`what was written here ${WAITING[waits]}`));
    }
  }

  async function snapshot(over: ContextWire): Promise<void> {
    snapshots += 1;
    try {
      const round = replica.beginSnapshot();
      const first = await ask(over, CONTEXT_METHOD.snapshot, { after: null }, SnapshotAnswer);
      replica.snapshotPage(first.items, round);
      let { next } = first;
      while (next !== null) {
        const page: SnapshotAnswer = await ask(over, CONTEXT_METHOD.snapshot, { after: next }, SnapshotAnswer);
        if (page.epoch !== first.epoch) throw new NoAnswer("the home's context was begun anew");
        replica.snapshotPage(page.items, round);
        next = page.next;
      }
      replica.endSnapshot(first.epoch, first.seq, round);
    } finally {
      snapshots -= 1;
    }
    changed();
  }

  async function pull(over: ContextWire): Promise<void> {
    for (let more = true; more;) {
      const { epoch, seq } = replica.meta();
      const answer = await ask(over, CONTEXT_METHOD.since, { epoch, seq }, SinceAnswer);
      if ("snapshot" in answer) {
        await snapshot(over);
        continue;
      }
      replica.apply(answer.items, answer.to);
      if (answer.items.length > 0) changed();
      more = answer.more;
    }
  }

  async function run(): Promise<void> {
    wanted = true;
    if (running) return;
    running = true;
    try {
      for (let over = wire; wanted && over !== undefined; over = wire) {
        wanted = false;
        await push(over);
        await pull(over);
      }
    } catch (error) {
      failed(error);
    } finally {
      running = false;
    }
    // A new link may have come while the old one's last answer was waited for.
    if (wanted && wire !== undefined) await run();
  }

  function take({ epoch, from, to, items }: ChangedParams): void {
    const { epoch: ours, seq } = replica.meta();
    if (epoch === ours && to <= seq) return;
    if (epoch !== ours || items === null || from > seq || snapshots > 0) return void run();
    replica.apply(items, to);
    changed();
  }

  return {
    linked(over) {
      wire = over;
      void run();
    },
    unlinked() {
      wire = undefined;
    },
    notified(params) {
      const told = ChangedParams.safeParse(params);
      if (!told.success || wire === undefined) return;
      // When a freeze is over, the hub tells of no change.
      if (replica.meta().waits?.why === "frozen") void run();
      else take(told.data);
    },
    poke: () => void run(),
  };
}
