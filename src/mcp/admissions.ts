import * as z from "zod";
import type { Caller } from "../contract/caller.ts";
import type { Sight } from "../contract/connection.ts";

/** Asks whether a client may still act for its person. */
export type Enter = (
  userId: string,
  entry: { connectionId: string; session: string; sights: readonly Sight[] },
) => Promise<boolean>;

/** What was seen is told this often at most: telling it costs a request and a write. */
const TELL_MS = 10 * 60 * 1000;

const SIGHT_OF: Readonly<Record<string, Sight>> = {
  initialize: "discovered",
  "server/discover": "discovered",
  "tools/list": "listed",
  "tools/call": "called",
};

const Message = z.object({ method: z.string() });

/** What a request shows of its client; `undefined` for what nobody asks about. */
function sightOf(body: unknown): Sight | undefined {
  const { data } = Message.safeParse(body);
  return data !== undefined && Object.hasOwn(SIGHT_OF, data.method) ? SIGHT_OF[data.method] : undefined;
}

/** Connections of one session: at most a few, for a client that signs in anew gets another. */
const MAX_KNOWN = 16;

/** When something was told of each connection, in milliseconds since 1970. */
const Told = z.record(z.string(), z.record(z.string(), z.number()));

/** Where it is kept who was let in. A session sleeps after seconds, and is asked again after more. */
export interface AdmissionStore {
  load(): unknown;
  save(told: z.infer<typeof Told>): void;
}

/**
 * Who has been let into one session. Asked once for each connection, and again about every ten minutes; whoever
 * ends a connection makes its sessions forget it, so that the next call asks, and is refused.
 */
export class Admissions {
  readonly #enter: Enter;
  readonly #session: string;
  readonly #store: AdmissionStore;
  readonly #told: Map<string, Map<string, number>>;
  /** Rises whenever something is forgotten: an answer that was asked for before is not believed. */
  #forgotten = 0;

  constructor(session: string, enter: Enter, store: AdmissionStore) {
    this.#session = session;
    this.#enter = enter;
    this.#store = store;
    const kept = Told.safeParse(store.load()).data ?? {};
    this.#told = new Map(Object.entries(kept).map(([id, told]) => [id, new Map(Object.entries(told))]));
  }

  /** Whether a caller's request may go on. */
  async admit(
    { userId, connectionId }: Pick<Caller, "userId" | "connectionId">,
    body: unknown,
    now: number,
  ): Promise<boolean> {
    const sight = sightOf(body);
    const told = this.#told.get(connectionId);
    const isNews = (what: Sight | "used") => now - (told?.get(what) ?? Number.NEGATIVE_INFINITY) >= TELL_MS;
    if (told !== undefined && !isNews("used") && (sight === undefined || !isNews(sight))) return true;
    const sights = sight === undefined ? [] : [sight];
    const before = this.#forgotten;
    if (!(await this.#enter(userId, { connectionId, session: this.#session, sights }))) {
      this.#drop(connectionId);
      return false;
    }
    if (before !== this.#forgotten) return this.admit({ userId, connectionId }, body, now);
    this.#remember(connectionId, told ?? new Map<string, number>(), [...sights, "used"], now);
    return true;
  }

  /** When this returns, it is forgotten for good: also if the session is put to sleep at once. */
  forget(connectionId: string): void {
    this.#forgotten += 1;
    this.#drop(connectionId);
  }

  forgetAll(): void {
    this.#forgotten += 1;
    this.#told.clear();
    this.#save();
  }

  #drop(connectionId: string): void {
    if (this.#told.delete(connectionId)) this.#save();
  }

  #remember(connectionId: string, told: Map<string, number>, what: readonly (Sight | "used")[], now: number) {
    for (const each of what) told.set(each, now);
    const [oldest] = this.#told.keys();
    if (this.#told.size >= MAX_KNOWN && oldest !== undefined) this.#told.delete(oldest);
    this.#told.set(connectionId, told);
    this.#save();
  }

  #save(): void {
    this.#store.save(Object.fromEntries([...this.#told].map(([id, told]) => [id, Object.fromEntries(told)])));
  }
}
