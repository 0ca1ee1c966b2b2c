import { type Connection, isSharedId, type Sight, type Sightings } from "../contract/connection.ts";

/** A connection as it is kept. */
export interface KeptConnection extends Connection, Sightings {
  /** Epoch milliseconds; when it was last seen, or made. */
  readonly usedAt: number;
  /** Epoch milliseconds; `null` while it is good. */
  readonly endedAt: number | null;
}

/** A session, by the name of its object. */
export interface KeptSession {
  /** The connection that came last. */
  readonly connectionId: string;
  /** Connections that came before: a client that signs in anew keeps its session, and its first connection may be good. */
  readonly others?: readonly string[];
  readonly seenAt: number;
}

/** A session that could not be told that a connection has ended. */
export interface Untold {
  readonly session: string;
  readonly connectionId: string;
  /** Epoch milliseconds; when it was to be told first. */
  readonly since: number;
}

const DAY_MS = 24 * 60 * 60 * 1000;

/** As long as a refresh token that nobody uses, and a day more for the access token. */
export const CONNECTION_MS = 31 * DAY_MS;
/** A session that nobody uses is forgotten after a day; it says within an hour that it is used. */
export const SESSION_MS = DAY_MS + 60 * 60 * 1000;

/** So many clients act for one person; the one that was unused for longest has to sign in again. */
export const MAX_CONNECTIONS = 50;
/** So many sessions of one person live at a time; the one that was unused for longest is ended. */
export const MAX_SESSIONS = 64;

/** The connections that a session may have let in. */
export const connectionsIn = ({ connectionId, others = [] }: KeptSession): readonly string[] => [
  connectionId,
  ...others,
];

const atMost = (count: number) => Math.max(0, count);

/** The connections that a new one replaces: the same client's at the same endpoint, and those beyond the limit. */
export function replacedBy(added: Connection, kept: readonly KeptConnection[]): string[] {
  const good = kept.filter(({ id, endedAt }) => endedAt === null && id !== added.id);
  const same = isSharedId(added)
    ? []
    : good.filter(({ clientId, resource }) => clientId === added.clientId && resource === added.resource);
  const others = good.filter((each) => !same.includes(each)).toSorted((a, b) => a.usedAt - b.usedAt);
  return [...same, ...others.slice(0, atMost(others.length + 1 - MAX_CONNECTIONS))].map(({ id }) => id);
}

/** The sessions that have to go so that another one has room. */
export function crowdedOut(sessions: ReadonlyMap<string, KeptSession>): string[] {
  const oldest = [...sessions].toSorted(([, a], [, b]) => a.seenAt - b.seenAt);
  return oldest.slice(0, atMost(sessions.size + 1 - MAX_SESSIONS)).map(([name]) => name);
}

/** A connection of which something was seen. */
export function seen(kept: KeptConnection, sights: readonly Sight[], now: number): KeptConnection {
  const at = new Date(now).toISOString();
  return { ...kept, ...Object.fromEntries(sights.map((sight) => [sight, at])), usedAt: now };
}

/** How long a connection that does not stay can last: as long as its access token. */
const BRIEF_MS = DAY_MS;

/** Whether a connection may still act: not ended, and a token of it may be good. */
export function isGood({ usedAt, endedAt, stays, since }: KeptConnection, now: number): boolean {
  if (endedAt !== null) return false;
  return stays ? now - usedAt < CONNECTION_MS : now - Date.parse(since) < BRIEF_MS;
}

/** Whether a connection has to be remembered: a token of one that was ended may have a while to go. */
export function isLive({ usedAt, endedAt }: KeptConnection, now: number): boolean {
  return now - (endedAt ?? usedAt) < CONNECTION_MS;
}

/** Something restarts: it is back after seconds. */
const SHORTEST_PAUSE_MS = 1000;
/** What is away for longer is asked once a minute. */
const LONGEST_PAUSE_MS = 60 * 1000;

/** How long to wait before those are told that could not be: as long as the newest of them has waited, within bounds. */
export function pauseMs(untold: readonly Untold[], now: number): number {
  const waited = now - Math.max(...untold.map(({ since }) => since));
  return Math.min(LONGEST_PAUSE_MS, Math.max(SHORTEST_PAUSE_MS, waited));
}
