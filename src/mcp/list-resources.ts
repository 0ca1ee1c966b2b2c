import {
  type ListResourcesResult,
  ProtocolError,
  ProtocolErrorCode,
  type Resource as ListedResource,
} from "@modelcontextprotocol/server";
import { type Kind, KINDS } from "../contract/choice.ts";
import type { AnyResource } from "../contract/resource.ts";
import { Fault } from "../lib/errors.ts";
import { log } from "../lib/log.ts";
import { type Call, contextOf, homeOf } from "./call.ts";
import { type Row, ROWS_OF } from "./choices.ts";
import { MIME_TYPE } from "./describe.ts";

/** Entries of one page: about 4,000 tokens. */
const PAGE = 100;
/** Rows of one kind that are listed at all; the templates reach the others. */
const MAX_ROWS = 500;
/** A name is the home's, and may be of any length. */
const MAX_TITLE = 100;

/** Where the next page begins. */
interface Position {
  readonly kind: Kind;
  readonly offset: number;
}

/** It travels through the client, so that it is parsed when it comes back. */
const CURSOR = new RegExp(`^(${KINDS.join("|")}):(\\d{1,4})$`);

const cursorOf = ({ kind, offset }: Position) => `${kind}:${offset}`;

function positionOf(cursor: string): Position {
  const [, name, offset] = CURSOR.exec(cursor) ?? [];
  const kind = KINDS.find((each) => each === name);
  if (kind === undefined || Number(offset) >= MAX_ROWS) {
    throw new ProtocolError(ProtocolErrorCode.InvalidParams, "That cursor was not given out here. List without one.");
  }
  return { kind, offset: Number(offset) };
}

/** The resources that there are for each thing of one kind. */
function familyOf(templates: readonly AnyResource[], kind: Kind): { resource: AnyResource; parameter: string }[] {
  return templates.flatMap((resource) =>
    Object.entries(resource.ids).flatMap(([parameter, of]) => (of === kind ? [{ resource, parameter }] : [])),
  );
}

function entriesOf(family: ReturnType<typeof familyOf>, { id, name }: Row): ListedResource[] {
  return family.map(({ resource, parameter }) => ({
    uri: resource.uri.replace(`{${parameter}}`, String(id)),
    name: `${resource.name}-${id}`,
    title: `${resource.title}: ${name}`.slice(0, MAX_TITLE).toWellFormed(),
    mimeType: MIME_TYPE,
  }));
}

/** Adds entries from a position on until the page is full. @returns where the next page begins */
async function fill(
  page: ListedResource[],
  templates: readonly AnyResource[],
  start: Position,
  call: Call,
): Promise<Position | undefined> {
  const context = contextOf(call, homeOf(call.caller).id);
  for (const kind of KINDS.slice(KINDS.indexOf(start.kind))) {
    const family = familyOf(templates, kind);
    if (family.length === 0) continue;
    const offset = kind === start.kind ? start.offset : 0;
    const limit = Math.min(Math.floor((PAGE - page.length) / family.length), MAX_ROWS - offset);
    if (limit === 0) return { kind, offset };
    const { rows, total } = await ROWS_OF[kind](context, { limit, offset });
    page.push(...rows.flatMap((row) => entriesOf(family, row)));
    const next = offset + rows.length;
    if (rows.length > 0 && next < Math.min(total, MAX_ROWS)) return { kind, offset: next };
  }
  return undefined;
}

/**
 * What a client can pick: the resources without parameters, then those of each cluster, node and GPIO device.
 * A home that cannot be asked leaves the list short, not the client without one.
 */
export async function listResources(
  fixed: readonly ListedResource[],
  templates: readonly AnyResource[],
  cursor: string | undefined,
  call: Call,
): Promise<ListResourcesResult> {
  const resources = cursor === undefined ? [...fixed] : [];
  const start = cursor === undefined ? { kind: KINDS[0], offset: 0 } : positionOf(cursor);
  try {
    const next = await fill(resources, templates, start, call);
    return next === undefined ? { resources } : { resources, nextCursor: cursorOf(next) };
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    log("info", "resources_not_listed", { outcome: error.type });
    return { resources, ttlMs: 0 };
  }
}
