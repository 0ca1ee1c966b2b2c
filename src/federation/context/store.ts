import { laterOf, type Stamp, tick } from "../wire/clock.ts";
import type { Author, Outcome } from "../wire/context-frames.ts";
import { HISTORY, MAX_HISTORY_BYTES } from "./limits.ts";
import {
  type Entry,
  growthOf,
  judge,
  type Judgement,
  type NewVersion,
  problemOf,
  type Totals,
  type Version,
  versionOf,
  type Write,
} from "./rules.ts";
import { fullFor, growShares, shareOf, sharesOf } from "./shares.ts";
import {
  type ContextStorage,
  type EntryRow,
  entryRowOf,
  makeTables,
  outcomeOfRow,
  type State,
  stateOfRow,
  type StoredVersion,
  versionOfRow,
} from "./tables.ts";

/** Entries that expire in one go; those that are left do with the next. */
const MAX_EXPIRED = 200;

/** Who ends what has lived long enough. */
const EXPIRY: Author = { kind: "home", name: "time to live", via: null };

type Change = Judgement & { readonly kind: "change" };

/** What the shared context has stored of one home, and how it changes. Nothing in here awaits. */
export class ContextStore {
  readonly #storage: ContextStorage;

  constructor(storage: ContextStorage) {
    this.#storage = storage;
    makeTables(storage.sql);
    storage.sql.exec(
      "INSERT OR IGNORE INTO context_state VALUES (1, ?, 0, 0, 0, 0, 0, 0, 0, 0, 0)",
      // Another life of the same home's context is told apart by it.
      crypto.randomUUID(),
    );
  }

  get state(): State {
    const [row] = this.#all("SELECT * FROM context_state");
    if (row === undefined) throw new Error("the shared context has no state");
    return stateOfRow(row);
  }

  /** An entry, also if it is deleted; `undefined` if nothing is known of the key. */
  entry(key: string): Entry | undefined {
    const [row] = this.#all("SELECT * FROM context_entries WHERE key = ?", key);
    return row === undefined ? undefined : this.#entryOf(entryRowOf(row));
  }

  /** What was valid or undecided once, newest first. */
  past(key: string): StoredVersion[] {
    return this.#all(
      "SELECT * FROM context_versions WHERE key = ? AND state = 'past' ORDER BY version DESC LIMIT ?",
      key,
      HISTORY,
    ).map((row) => versionOfRow(row));
  }

  /** Entries by key, after one, deleted ones too; those for the house alone only if that is asked. */
  keyedAfter(key: string | null, limit: number, house: boolean): { key: string; entry: Entry }[] {
    return this.#entries(
      `SELECT e.* FROM context_entries e JOIN context_versions v ON v.key = e.key AND v.state = 'current'
       WHERE e.key > ? AND (v.zone <> 'home' OR ?) ORDER BY e.key LIMIT ?`,
      key ?? "",
      Number(house),
      limit,
    );
  }

  /** Entries in the order of their last change, deleted ones too, with whether others than edge nodes saw them. */
  changedAfter(seq: number, limit: number): { key: string; entry: Entry; shown: boolean }[] {
    return this.#entries("SELECT * FROM context_entries WHERE seq > ? ORDER BY seq LIMIT ?", seq, limit);
  }

  /** Carries out a write; one that was carried out before is answered as it was then. */
  write(write: Write, now: number): Outcome {
    return this.#storage.transactionSync(() => {
      const [known] = this.#all("SELECT outcome FROM context_writes WHERE id = ?", write.id);
      if (known !== undefined) return outcomeOfRow(known);
      const outcome = this.#judged(write, now);
      this.#run(
        "INSERT INTO context_writes (id, at, outcome, node) VALUES (?, ?, ?, ?)",
        write.id,
        now,
        JSON.stringify(outcome),
        write.node ?? "",
      );
      return outcome;
    });
  }

  /** Ends what has lived long enough. @returns how many */
  expire(now: number): number {
    const due = this.#all(
      "SELECT * FROM context_entries WHERE expires_at <= ? ORDER BY expires_at LIMIT ?",
      now,
      MAX_EXPIRED,
    );
    for (const row of due) {
      this.#storage.transactionSync(() => {
        const { key } = entryRowOf(row);
        this.#expireEntry(key, this.entry(key), now);
      });
    }
    return due.length;
  }

  /** When the next entry has lived long enough, in milliseconds since 1970; `null` if none ever. */
  nextExpiry(): number | null {
    const [row] = this.#all("SELECT MIN(expires_at) AS at FROM context_entries WHERE expires_at IS NOT NULL");
    const at = row?.["at"];
    return typeof at === "number" ? at : null;
  }

  #judged(write: Write, now: number): Outcome {
    const problem = problemOf(write);
    if (problem !== undefined) return { kind: "refused", why: problem, version: versionOf(this.entry(write.key), now) };
    this.#expireEntry(write.key, this.entry(write.key), now);
    const entry = this.entry(write.key);
    const { state } = this;
    const judgement = judge(write, entry, state, now);
    const why =
      judgement.kind === "refused"
        ? judgement.why
        : fullFor(judgement, state, shareOf(this.#storage, write.node), entry);
    // Who may not have it need not know how often it changes.
    if (why !== undefined) return { kind: "refused", why, version: why === "zone" ? 0 : versionOf(entry, now) };
    if (judgement.kind !== "change") return { kind: "applied", version: entry?.version ?? state.seq };
    const version = this.#change(write.key, entry, judgement);
    return { kind: judgement.state === "conflict" ? "conflict" : "applied", version };
  }

  #expireEntry(key: string, entry: Entry | undefined, now: number): void {
    const current = entry?.current;
    if (current === undefined || current.expiresAt === null || current.expiresAt > now) return;
    const end = {
      value: null,
      expiresAt: null,
      expired: true,
      author: EXPIRY,
      at: current.expiresAt,
      bytes: key.length,
    };
    const add: NewVersion = { ...current, ...end };
    this.#change(key, entry, { kind: "change", add, state: "current", displaced: "past", settled: [] });
  }

  /** Writes a change down. @returns the version that it made */
  #change(key: string, entry: Entry | undefined, change: Change): number {
    const { add, state, displaced, settled } = change;
    const before = this.state;
    const made = before.seq + 1;
    // What lost has a version of its own, so that it can be told from the entry's when somebody decides.
    const seq = state === "conflict" ? made + 1 : made;
    growShares(this.#storage, sharesOf(change, entry));
    this.#grow(growthOf(change, entry), seq, add === undefined ? before : laterOf(before, add.stamp));
    for (const version of settled) this.#moveTo("past", version);
    const next = state === "current" ? add : undefined;
    const current = entry?.current;
    if (next !== undefined && current !== undefined) this.#moveTo(displaced, current.version);
    if (add !== undefined) this.#insert(key, made, add, state);
    this.#putEntry(key, seq, next ?? current);
    this.#trim(key);
    return made;
  }

  #putEntry(key: string, seq: number, current: NewVersion | undefined): void {
    this.#run(
      `INSERT INTO context_entries (key, seq, deleted, expires_at, shown) VALUES (?, ?, ?, ?, ?)
       ON CONFLICT (key) DO UPDATE SET seq = excluded.seq, deleted = excluded.deleted,
         expires_at = excluded.expires_at, shown = MAX(shown, excluded.shown)`,
      key,
      seq,
      Number(current?.value === null),
      current?.expiresAt ?? null,
      // Once others than edge nodes have had the key, they are told that it is gone.
      Number(current?.zone !== "home"),
    );
  }

  #insert(key: string, version: number, add: NewVersion, state: StoredVersion["state"]): void {
    const { author, stamp } = add;
    this.#run(
      "INSERT INTO context_versions VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
      version,
      key,
      state,
      add.write,
      add.value,
      add.zone,
      add.expiresAt,
      Number(add.expired),
      author.kind,
      author.name,
      author.via,
      add.at,
      stamp.t,
      stamp.c,
      add.bytes,
      add.node,
    );
    if (state === "past") this.#run("UPDATE context_state SET history_bytes = history_bytes + ?", add.bytes);
  }

  #moveTo(state: StoredVersion["state"], version: number): void {
    this.#run("UPDATE context_versions SET state = ? WHERE version = ?", state, version);
    if (state !== "past") return;
    this.#run(
      "UPDATE context_state SET history_bytes = history_bytes + (SELECT bytes FROM context_versions WHERE version = ?)",
      version,
    );
  }

  #grow(growth: Totals, seq: number, { t, c }: Stamp): void {
    this.#run(
      "UPDATE context_state SET seq = ?, t = ?, c = ?, entries = entries + ?, bytes = bytes + ?, conflicts = conflicts + ?",
      seq,
      t,
      c,
      growth.entries,
      growth.bytes,
      growth.conflicts,
    );
  }

  /** Forgets what is past for longest: of this entry, and of all if that is too much together. */
  #trim(key: string): void {
    this.forget(
      "SELECT version FROM context_versions WHERE key = ? AND state = 'past' ORDER BY version DESC LIMIT -1 OFFSET ?",
      key,
      HISTORY,
    );
    while (this.state.history_bytes > MAX_HISTORY_BYTES) {
      this.forget("SELECT version FROM context_versions WHERE state = 'past' ORDER BY version LIMIT 16");
    }
  }

  /** Forgets past versions. @param query names them */
  forget(query: string, ...values: (string | number)[]): void {
    for (const row of this.#all(query, ...values)) {
      const version = Number(row["version"]);
      this.#run(
        "UPDATE context_state SET history_bytes = history_bytes - (SELECT bytes FROM context_versions WHERE version = ?)",
        version,
      );
      this.#run("DELETE FROM context_versions WHERE version = ?", version);
    }
  }

  /** The stamp of a write that is made here and now. */
  stampNow(now: number): Stamp {
    const { t, c } = this.state;
    return tick({ t, c }, now);
  }

  #entryOf({ key, seq }: EntryRow): Entry {
    const versions = this.#all(
      "SELECT * FROM context_versions WHERE key = ? AND state IN ('current', 'conflict')",
      key,
    );
    const valid = versions
      .map((row) => versionOfRow(row))
      .filter((version): version is Version => version.state !== "past");
    const current = valid.find(({ state }) => state === "current");
    if (current === undefined) throw new Error("an entry has no present version");
    const conflicts = valid.filter(({ state }) => state === "conflict").toSorted((a, b) => a.version - b.version);
    return { version: seq, current, conflicts };
  }

  #entries(query: string, ...values: (string | number)[]) {
    return this.#all(query, ...values).map((row) => {
      const parsed = entryRowOf(row);
      return { key: parsed.key, shown: parsed.shown, entry: this.#entryOf(parsed) };
    });
  }

  #all(query: string, ...values: (string | number | null)[]) {
    return this.#storage.sql.exec(query, ...values).toArray();
  }

  #run(query: string, ...values: (string | number | null)[]): void {
    this.#storage.sql.exec(query, ...values);
  }
}
