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

/** The connections of one person, for the page where they look after them. */
export interface Connections {
  add(connection: Connection): Promise<void>;
  /** Newest first. */
  list(): Promise<(Connection & Sightings)[]>;
  /** Ends one, or all: their next call is refused, in every session. @returns those that were ended */
  end(id?: string): Promise<string[]>;
}
