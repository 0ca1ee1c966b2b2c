import type { Role } from "./role.ts";

/** One AI client that a person has allowed to act for them: made at consent, ended by them. */
export interface Connection {
  /** Random, in the grant. */
  readonly id: string;
  readonly clientId: string;
  /** What the client calls itself; nobody has checked it. */
  readonly clientName: string;
  /** Where its tokens were sent. */
  readonly redirectHost: string;
  /** The endpoint that its tokens are good for. */
  readonly resource: string;
  /** Home ids. */
  readonly homes: readonly string[];
  /** The most that it was granted. */
  readonly level: Role;
  readonly stays: boolean;
  /** RFC 3339. */
  readonly since: string;
}

/**
 * Whether a client's id may be that of many installations: a description on its maker's site (a CIMD client id), and
 * tokens that go to a program on whichever computer it runs on.
 */
export function isSharedId({ clientId, redirectHost }: Pick<Connection, "clientId" | "redirectHost">): boolean {
  return clientId.startsWith("https://") && /^(?:localhost|127(?:\.\d+){3}|\[?::1\]?)$/.test(redirectHost);
}

/** What a client was seen to do; RFC 3339, noted about every ten minutes, `null` for what it never did. */
export interface Sightings {
  readonly discovered: string | null;
  readonly listed: string | null;
  readonly called: string | null;
}

export type Sight = keyof Sightings;

/** What became of an attempt to end connections. */
export interface Ended {
  /** Those that were ended now, not before. */
  readonly ids: readonly string[];
  /**
   * Whether every session knows of it, so that the very next call is refused. If not, the sessions are told again until
   * they know; one that does not yet may let the client act for ten minutes at most.
   */
  readonly told: boolean;
}

/** The connections of one person, for the page where they look after them. */
export interface Connections {
  add(connection: Connection): Promise<void>;
  /** Newest first. */
  list(): Promise<(Connection & Sightings)[]>;
  /** Ends one, or all. One that has ended already is ended again: whoever does not know of it yet is told again. */
  end(id?: string): Promise<Ended>;
}
