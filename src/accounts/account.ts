import { DurableObject } from "cloudflare:workers";
import type { Connection, Ended, Sight, Sightings } from "../contract/connection.ts";
import { describeError, log } from "../lib/log.ts";
import {
  connectionsIn,
  crowdedOut,
  isGood,
  isLive,
  type KeptConnection,
  type KeptSession,
  pauseMs,
  replacedBy,
  seen,
  SESSION_MS,
  type Untold,
} from "./rules.ts";

/** What a session says of itself when it asks whether a client may still act. */
export interface Entry {
  readonly connectionId: string;
  /** The name of the session's object. */
  readonly session: string;
  readonly sights: readonly Sight[];
}

/** The session objects, as far as an account ends what happens in them. */
export interface SessionEnds {
  /** Empties a session whose place is needed; its client may come back to it. */
  release(session: string): Promise<void>;
  /** Makes a session ask again before a connection's next call. */
  forget(session: string, connectionId: string): Promise<void>;
}

const CONNECTION = "connection:";
const SESSION = "session:";
const UNTOLD = "untold:";

/** How often what is over is cleaned up. */
const CLEAN_MS = 24 * 60 * 60 * 1000;

/**
 * One person's connections: which AI clients may act for them, and in which sessions they do; one object per user.
 *
 * State:  `connection:<id>`, at most 50 good ones (see `rules.ts`) and for a month those that ended, so that a
 *         token which still lives is refused; `session:<name>`, at most 64 and those that could not be emptied;
 *         `untold:<id>:<name>`, sessions that are still to be told that a connection has ended: they keep whom they have
 *         let in, also while they restart.
 * Alarm:  daily, while there is anything: forgets what is over and in the end everything. While there are sessions to
 *         be told, after a second, and then ever later, up to once a minute.
 * Errors: none of a session object: one that cannot be told is told again.
 */
export class AccountObject extends DurableObject<Env> {
  readonly #ends: SessionEnds;
  /** Sessions that are being emptied. They are known until they are: they may let a connection act until then. */
  readonly #leaving = new Set<string>();

  constructor(ctx: DurableObjectState, env: Env, ends: SessionEnds) {
    super(ctx, env);
    this.#ends = ends;
  }

  /** Keeps a connection that a person has just agreed to, and ends the ones that it replaces. */
  async add(connection: Connection): Promise<void> {
    const now = Date.now();
    const replaced = replacedBy(connection, [...this.#connections().values()]);
    this.#put({ ...connection, discovered: null, listed: null, called: null, usedAt: now, endedAt: null });
    await this.#endAll(replaced, now);
    await this.#keepClean();
  }

  /** Whether a connection may act in a session; notes what was seen. */
  async enter({ connectionId, session, sights }: Entry): Promise<boolean> {
    const now = Date.now();
    const kept = this.#get(connectionId);
    if (kept === undefined || !isGood(kept, now)) return false;
    this.#put(seen(kept, sights, now));
    const sessions = this.#sessions(now);
    const staying = new Map([...sessions].filter(([name]) => !this.#leaving.has(name)));
    const crowded = staying.has(session) ? [] : crowdedOut(staying);
    this.#leaving.delete(session);
    this.ctx.storage.kv.put<KeptSession>(SESSION + session, {
      connectionId,
      others: this.#othersIn(sessions.get(session), connectionId, now),
      seenAt: now,
    });
    await Promise.all(crowded.map((name) => this.#release(name)));
    await this.#keepClean();
    return true;
  }

  /** The connections that are good, newest first. */
  list(): (Connection & Sightings)[] {
    const now = Date.now();
    return [...this.#connections().values()]
      .filter((kept) => isGood(kept, now))
      .toSorted((a, b) => (a.since < b.since ? 1 : -1))
      .map(({ usedAt: _usedAt, endedAt: _endedAt, ...connection }) => connection);
  }

  /** Ends one connection, or all. If all sessions were told, none lets it do anything any more when this returns. */
  async end(id?: string): Promise<Ended> {
    const good = this.list().map((connection) => connection.id);
    const ids = id === undefined ? good : good.filter((each) => each === id);
    await this.#endAll(ids, Date.now());
    const untold = [...this.#untold().values()];
    return { ids, told: !untold.some(({ connectionId }) => id === undefined || connectionId === id) };
  }

  override async alarm(): Promise<void> {
    await this.#tell(Date.now());
    const now = Date.now();
    const connections = this.#connections();
    for (const [id, kept] of connections) if (!isLive(kept, now)) this.ctx.storage.kv.delete(CONNECTION + id);
    const sessions = this.#sessions(now);
    if (this.#connections().size === 0 && sessions.size === 0) {
      await this.ctx.storage.deleteAll();
      return;
    }
    await this.#keepClean();
  }

  async #endAll(ids: readonly string[], now: number): Promise<void> {
    for (const id of ids) {
      const kept = this.#get(id);
      if (kept !== undefined) this.#put({ ...kept, endedAt: now });
    }
    for (const [session, kept] of this.#sessions(now)) {
      for (const connectionId of connectionsIn(kept).filter((each) => ids.includes(each))) {
        this.ctx.storage.kv.put<Untold>(`${UNTOLD}${connectionId}:${session}`, { session, connectionId, since: now });
      }
    }
    // No await before its alarm is set, so that the end, who is to be told of it and the alarm are written as one.
    await this.#tell(now);
  }

  /** Tells all sessions that are to be told; the alarm goes on with those that cannot be. */
  async #tell(now: number): Promise<void> {
    const untold = this.#untold();
    if (untold.size === 0) return;
    // Due before the first is told, so that no restart of this object can lose one.
    const due = this.ctx.storage.setAlarm(now + pauseMs([...untold.values()], now));
    await Promise.all([due, ...[...untold].map(([key, each]) => this.#tellOne(key, each, now))]);
    if (this.#untold().size === 0) await this.ctx.storage.setAlarm(now + CLEAN_MS);
  }

  async #tellOne(key: string, { session, connectionId, since }: Untold, now: number): Promise<void> {
    const tell = () => this.#ends.forget(session, connectionId);
    try {
      // Mostly it was only just restarted.
      await tell().catch(tell);
      this.ctx.storage.kv.delete(key);
    } catch (error) {
      log("warn", "session_not_told", describeError(error));
      // It has long asked by itself.
      if (now - since >= SESSION_MS) this.ctx.storage.kv.delete(key);
    }
  }

  #untold(): Map<string, Untold> {
    return new Map(this.ctx.storage.kv.list<Untold>({ prefix: UNTOLD }));
  }

  /** The other connections that a session may have let in and that are still good. */
  #othersIn(session: KeptSession | undefined, connectionId: string, now: number): string[] {
    const before = session === undefined ? [] : connectionsIn(session).filter((id) => id !== connectionId);
    return before.filter((id) => {
      const kept = this.#get(id);
      return kept !== undefined && isGood(kept, now);
    });
  }

  /** Makes room. One that cannot be emptied is told of an end as any other, and is the first to go for the next. */
  async #release(session: string): Promise<void> {
    this.#leaving.add(session);
    try {
      await this.#ends.release(session);
      // Unless its client came back meanwhile.
      if (this.#leaving.has(session)) this.ctx.storage.kv.delete(SESSION + session);
    } catch (error) {
      log("warn", "session_not_released", describeError(error));
    } finally {
      this.#leaving.delete(session);
    }
  }

  /** Sessions that may still live; the others are dropped on the way. */
  #sessions(now: number): Map<string, KeptSession> {
    const sessions = new Map<string, KeptSession>();
    for (const [key, kept] of this.ctx.storage.kv.list<KeptSession>({ prefix: SESSION })) {
      if (now - kept.seenAt < SESSION_MS) sessions.set(key.slice(SESSION.length), kept);
      else this.ctx.storage.kv.delete(key);
    }
    return sessions;
  }

  #connections(): Map<string, KeptConnection> {
    const all = this.ctx.storage.kv.list<KeptConnection>({ prefix: CONNECTION });
    return new Map([...all].map(([key, kept]) => [key.slice(CONNECTION.length), kept]));
  }

  #get(id: string): KeptConnection | undefined {
    return this.ctx.storage.kv.get<KeptConnection>(CONNECTION + id);
  }

  #put(kept: KeptConnection): void {
    this.ctx.storage.kv.put<KeptConnection>(CONNECTION + kept.id, kept);
  }

  async #keepClean(): Promise<void> {
    if ((await this.ctx.storage.getAlarm()) === null) await this.ctx.storage.setAlarm(Date.now() + CLEAN_MS);
  }
}
