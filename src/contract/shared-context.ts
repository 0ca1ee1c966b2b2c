/**
 * What the people, clients and nodes of a home tell each other: entries that outlive a conversation. Not the `Context`
 * that a tool is given.
 */

/** One version of an entry's value. */
export interface SharedVersion {
  readonly version: number;
  /** JSON; `null`: it is deleted. */
  readonly value: string | null;
  /** Who wrote it: "anna", "node shed". */
  readonly author: string;
  /** The client or plug-in that it was written with. */
  readonly via: string | null;
  /** RFC 3339. */
  readonly at: string;
}

export interface SharedEntry extends SharedVersion {
  readonly key: string;
  /** `home`: only for the nodes in the house; a caller then never sees its value. */
  readonly zone: "home" | "cloud";
  readonly expires_at: string | null;
  /** Values that lost against a later write which had not seen them, until somebody decides. */
  readonly conflicts: readonly SharedVersion[];
}

/** What is to be written. */
export interface SharedWrite {
  readonly key: string;
  readonly action: "put" | "delete" | "resolve";
  /** JSON. */
  readonly value?: string | undefined;
  /** The version that the entry must have; 0: it must not be there. */
  readonly expected?: number | undefined;
  /** The version whose value a `resolve` keeps; the present one if it is left out. */
  readonly keep?: number | undefined;
  /** Seconds until it is deleted by itself. */
  readonly ttl?: number | undefined;
  readonly zone?: "home" | "cloud" | undefined;
}

/** The shared context of one home, in a caller's name. Every refusal is a `Fault`. */
export interface SharedContext {
  /** @throws Fault `not_found`, or `forbidden` for what only the nodes in the house may have */
  read(key: string): Promise<SharedEntry>;
  /** What the value was before, newest first, at most twenty versions. */
  history(key: string): Promise<readonly SharedVersion[]>;
  /**
   * Entries whose keys begin with the prefix, by key.
   * @returns those, how many there are in all, and how many more only the nodes in the house may have
   */
  list(
    prefix: string,
    page: { readonly limit: number; readonly offset: number },
  ): Promise<{ readonly entries: readonly SharedEntry[]; readonly total: number; readonly withheld: number }>;
  /** @returns the version that the entry has now */
  write(write: SharedWrite): Promise<{ readonly key: string; readonly version: number }>;
}
