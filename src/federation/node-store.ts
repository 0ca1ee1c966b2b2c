import * as z from "zod";
import type { EndedNode, Grant, Setting } from "../contract/node-register.ts";
import { ROLES } from "../contract/role.ts";
import { parsedJson } from "../lib/json.ts";
import { ENROLMENT_MS } from "./enrolment.ts";
import type { RegisteredNode } from "./registered.ts";
import { PublicKey } from "./wire/identity.ts";
import { SITES } from "./wire/manifest.ts";

/** Where nodes and what they offer are kept; see the tables in `home-hub.ts`. Times are in milliseconds. */
const TABLES = `
  CREATE TABLE IF NOT EXISTS nodes (
    id TEXT PRIMARY KEY, name TEXT NOT NULL, site TEXT NOT NULL, key TEXT NOT NULL, state TEXT NOT NULL,
    code TEXT, certificate TEXT, capacity INTEGER NOT NULL, agent TEXT,
    asked_at INTEGER NOT NULL, adopted_at INTEGER, adopted_by TEXT
  );
  CREATE TABLE IF NOT EXISTS capabilities (
    node TEXT NOT NULL, name TEXT NOT NULL, place INTEGER NOT NULL,
    offered TEXT, offered_hash TEXT, problem TEXT, agreed TEXT, agreed_hash TEXT,
    role TEXT NOT NULL, reads INTEGER NOT NULL, destructive INTEGER NOT NULL,
    PRIMARY KEY (node, name)
  );
  CREATE TABLE IF NOT EXISTS grants (
    node TEXT NOT NULL, name TEXT NOT NULL, role TEXT NOT NULL, reads INTEGER NOT NULL, destructive INTEGER NOT NULL,
    PRIMARY KEY (node, name)
  );
  CREATE TABLE IF NOT EXISTS ended_nodes (id TEXT PRIMARY KEY, name TEXT NOT NULL, at INTEGER NOT NULL, by TEXT NOT NULL);
  CREATE TABLE IF NOT EXISTS enrolments (
    hash TEXT PRIMARY KEY, expires_at INTEGER NOT NULL, made_by TEXT NOT NULL, grants TEXT NOT NULL
  );
  CREATE TABLE IF NOT EXISTS proofs (jti TEXT PRIMARY KEY, expires_at INTEGER NOT NULL);
  CREATE INDEX IF NOT EXISTS proofs_expiry ON proofs (expires_at);
`;

export interface NodeRow extends RegisteredNode {
  readonly code: string | null;
  readonly agent: string | null;
  readonly askedAt: number;
  readonly adoptedAt: number | null;
  readonly adoptedBy: string | null;
}

/** What one node offers under one name, and what the owner agreed to. */
export interface CapabilityRow extends Setting {
  readonly node: string;
  readonly name: string;
  readonly place: number;
  /** Canonical JSON; `null` if it is not offered now, or was refused. */
  readonly offered: string | null;
  readonly offeredHash: string | null;
  readonly problem: string | null;
  /** Canonical JSON; `null` if the owner has not agreed to any. */
  readonly agreed: string | null;
  readonly agreedHash: string | null;
}

const Flag = z.int().transform((value) => value !== 0);
const Role = z.enum(["off", ...ROLES]);

const StoredNode = z
  .object({
    id: z.string(),
    name: z.string(),
    site: z.enum(SITES),
    key: z.string().transform((text) => PublicKey.parse(parsedJson(text))),
    state: z.enum(["pending", "adopted"]),
    code: z.string().nullable(),
    certificate: z.string().nullable(),
    capacity: z.number(),
    agent: z.string().nullable(),
    asked_at: z.number(),
    adopted_at: z.number().nullable(),
    adopted_by: z.string().nullable(),
  })
  .transform(({ asked_at, adopted_at, adopted_by, ...node }): NodeRow => {
    return { ...node, askedAt: asked_at, adoptedAt: adopted_at, adoptedBy: adopted_by };
  });

const StoredCapability = z
  .object({
    node: z.string(),
    name: z.string(),
    place: z.number(),
    offered: z.string().nullable(),
    offered_hash: z.string().nullable(),
    problem: z.string().nullable(),
    agreed: z.string().nullable(),
    agreed_hash: z.string().nullable(),
    role: Role,
    reads: Flag,
    destructive: Flag,
  })
  .transform(({ offered_hash, agreed_hash, ...row }): CapabilityRow => {
    return { ...row, offeredHash: offered_hash, agreedHash: agreed_hash };
  });

const StoredGrant = z.object({ name: z.string(), role: Role, reads: z.boolean(), destructive: z.boolean() });
const GrantRow = z.object({ name: z.string(), role: Role, reads: Flag, destructive: Flag });

/** What a home's hub keeps of its nodes. */
export class NodeStore {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
    sql.exec(TABLES);
  }

  /** In their order of adoption, those pending last, in their order of asking. */
  nodes(): NodeRow[] {
    const rows = this.#sql.exec("SELECT * FROM nodes ORDER BY adopted_at IS NULL, adopted_at, asked_at, id").toArray();
    return rows.map((row) => StoredNode.parse(row));
  }

  node(id: string): NodeRow | undefined {
    const [row] = this.#sql.exec("SELECT * FROM nodes WHERE id = ?", id).toArray();
    return row === undefined ? undefined : StoredNode.parse(row);
  }

  putNode({ id, name, site, key, state, code, certificate, capacity, agent, ...row }: NodeRow): void {
    const { askedAt, adoptedAt, adoptedBy } = row;
    const values = [id, name, site, JSON.stringify(key), state, code, certificate, capacity, agent];
    this.#sql.exec(
      `INSERT OR REPLACE INTO nodes
        (id, name, site, key, state, code, certificate, capacity, agent, asked_at, adopted_at, adopted_by)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      ...values,
      askedAt,
      adoptedAt,
      adoptedBy,
    );
  }

  /** Forgets a node, and what it offered. */
  dropNode(id: string): void {
    this.#sql.exec("DELETE FROM capabilities WHERE node = ?", id);
    this.#sql.exec("DELETE FROM grants WHERE node = ?", id);
    this.#sql.exec("DELETE FROM nodes WHERE id = ?", id);
  }

  /** Of one node, or of all, in the order in which they were offered. */
  capabilities(node?: string): CapabilityRow[] {
    const rows =
      node === undefined
        ? this.#sql.exec("SELECT * FROM capabilities ORDER BY node, place, name")
        : this.#sql.exec("SELECT * FROM capabilities WHERE node = ? ORDER BY place, name", node);
    return rows.toArray().map((row) => StoredCapability.parse(row));
  }

  putCapability(row: CapabilityRow): void {
    this.#sql.exec(
      `INSERT OR REPLACE INTO capabilities
        (node, name, place, offered, offered_hash, problem, agreed, agreed_hash, role, reads, destructive)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      row.node,
      row.name,
      row.place,
      row.offered,
      row.offeredHash,
      row.problem,
      row.agreed,
      row.agreedHash,
      row.role,
      Number(row.reads),
      Number(row.destructive),
    );
  }

  dropCapability(node: string, name: string): void {
    this.#sql.exec("DELETE FROM capabilities WHERE node = ? AND name = ?", node, name);
  }

  grants(node: string): Grant[] {
    const rows = this.#sql.exec("SELECT name, role, reads, destructive FROM grants WHERE node = ?", node).toArray();
    return rows.map((row) => GrantRow.parse(row));
  }

  putGrants(node: string, grants: readonly Grant[]): void {
    for (const { name, role, reads, destructive } of grants) {
      this.#sql.exec(
        "INSERT OR REPLACE INTO grants (node, name, role, reads, destructive) VALUES (?, ?, ?, ?, ?)",
        node,
        name,
        role,
        Number(reads),
        Number(destructive),
      );
    }
  }

  dropGrant(node: string, name: string): void {
    this.#sql.exec("DELETE FROM grants WHERE node = ? AND name = ?", node, name);
  }

  /** Nodes that were refused or ended, the last first. */
  ended(): EndedNode[] {
    const rows = this.#sql
      .exec<{ id: string; name: string; at: number; by: string }>("SELECT * FROM ended_nodes ORDER BY at DESC, id")
      .toArray();
    return rows.map(({ at, ...row }) => ({ ...row, at: new Date(at).toISOString() }));
  }

  isEnded(id: string): boolean {
    return this.#sql.exec("SELECT 1 FROM ended_nodes WHERE id = ?", id).toArray().length > 0;
  }

  putEnded(id: string, name: string, at: number, by: string): void {
    this.#sql.exec("INSERT OR REPLACE INTO ended_nodes (id, name, at, by) VALUES (?, ?, ?, ?)", id, name, at, by);
  }

  dropEnded(id: string): void {
    this.#sql.exec("DELETE FROM ended_nodes WHERE id = ?", id);
  }

  /** Keeps the hash of an enrolment token for its time, and forgets those that are over. */
  putEnrolment(hash: string, now: number, by: string, grants: readonly Grant[]): void {
    const expiresAt = now + ENROLMENT_MS;
    this.#sql.exec("DELETE FROM enrolments WHERE expires_at <= ?", now);
    this.#sql.exec(
      "INSERT INTO enrolments (hash, expires_at, made_by, grants) VALUES (?, ?, ?, ?)",
      hash,
      expiresAt,
      by,
      JSON.stringify(grants),
    );
  }

  /** Who made an enrolment token that still holds, and for what. */
  enrolment(hash: string, now: number): { readonly by: string; readonly grants: Grant[] } | undefined {
    this.#sql.exec("DELETE FROM enrolments WHERE expires_at <= ?", now);
    const [row] = this.#sql
      .exec<{ made_by: string; grants: string }>("SELECT made_by, grants FROM enrolments WHERE hash = ?", hash)
      .toArray();
    if (row === undefined) return undefined;
    return { by: row.made_by, grants: z.array(StoredGrant).parse(parsedJson(row.grants)) };
  }

  dropEnrolment(hash: string): void {
    this.#sql.exec("DELETE FROM enrolments WHERE hash = ?", hash);
  }

  /** Remembers a proof, and forgets those that count no more. @returns whether it was new */
  useProof(jti: string, expiresAt: number, now: number): boolean {
    this.#sql.exec("DELETE FROM proofs WHERE expires_at <= ?", now);
    const added = this.#sql.exec(
      "INSERT OR IGNORE INTO proofs (jti, expires_at) VALUES (?, ?) RETURNING jti",
      jti,
      expiresAt,
    );
    return added.toArray().length > 0;
  }
}
