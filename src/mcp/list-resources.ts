import {
  type ListResourcesResult,
  ProtocolError,
  ProtocolErrorCode,
  type Resource as ListedResource,
} from "@modelcontextprotocol/server";
import { type Kind, KINDS } from "../contract/choice.ts";
import type { Context } from "../contract/context.ts";
import type { AnyResource } from "../contract/resource.ts";
import { ROLES } from "../contract/role.ts";
import { Fault } from "../lib/errors.ts";
import { log } from "../lib/log.ts";
import { type Call, contextOf, whilePermitted } from "./call.ts";
import { type Row, ROWS_OF } from "./choices.ts";
import { MIME_TYPE } from "./describe.ts";
import { hasSeveralHomes } from "./homes.ts";
import { forHome } from "./uri.ts";

/** Entries of one page: about 4,000 tokens. */
const PAGE = 100;
/** Rows of one kind that are listed at all; the templates reach the others. */
const MAX_ROWS = 500;
/** A name is the home's, and may be of any length. */
const MAX_TITLE = 100;

/** Whoever may see anything of a home may list it. */
const LIST = { name: "resources/list", role: ROLES[0], reads: true } as const;

/** Where the next page begins. */
interface Position {
  /** Which of the caller's homes, counted from 0. */
  readonly home: number;
  readonly kind: Kind;
  readonly offset: number;
}

/** It travels through the client, so that it is parsed when it comes back. */
const CURSOR = new RegExp(`^(\\d{1,2}):(${KINDS.join("|")}):(\\d{1,4})$`);

const cursorOf = ({ home, kind, offset }: Position) => `${home}:${kind}:${offset}`;

function positionOf(cursor: string): Position {
  const [, home, name, offset] = CURSOR.exec(cursor) ?? [];
  const kind = KINDS.find((each) => each === name);
  if (kind === undefined || Number(offset) >= MAX_ROWS) {
    throw new ProtocolError(ProtocolErrorCode.InvalidParams, "That cursor was not given out here. List without one.");
  }
  return { home: Number(home), kind, offset: Number(offset) };
}

/** The resources that there are for each thing of one kind. */
function familyOf(templates: readonly AnyResource[], kind: Kind): { resource: AnyResource; parameter: string }[] {
  return templates.flatMap((resource) =>
    Object.entries(resource.ids).flatMap(([parameter, of]) => (of === kind ? [{ resource, parameter }] : [])),
  );
}

function entriesOf(family: ReturnType<typeof familyOf>, { id, name }: Row, { home, label }: Listed): ListedResource[] {
  return family.map(({ resource, parameter }) => {
    const uri = resource.uri.replace(`{${parameter}}`, String(id));
    const title = `${resource.title}: ${name}${label}`;
    return {
      uri: home === undefined ? uri : forHome(uri, home),
      name: home === undefined ? `${resource.name}-${id}` : `${resource.name}-${id}-${home}`,
      title: title.slice(0, MAX_TITLE).toWellFormed(),
      mimeType: MIME_TYPE,
    };
  });
}

/** One home as its entries name it; with a single home they do not. */
interface Listed {
  readonly home: string | undefined;
  readonly label: string;
}

/** Finds one home's entries from a position on until there is no more room. @returns where the next page begins */
async function fillFrom(
  { found, room }: { readonly found: ListedResource[]; readonly room: number },
  templates: readonly AnyResource[],
  start: Position,
  context: Context,
  listed: Listed,
): Promise<Position | undefined> {
  for (const kind of KINDS.slice(KINDS.indexOf(start.kind))) {
    const family = familyOf(templates, kind);
    if (family.length === 0) continue;
    const offset = kind === start.kind ? start.offset : 0;
    const limit = Math.min(Math.floor((room - found.length) / family.length), MAX_ROWS - offset);
    if (limit === 0) return { home: start.home, kind, offset };
    const { rows, total } = await ROWS_OF[kind](context, { limit, offset });
    found.push(...rows.flatMap((row) => entriesOf(family, row, listed)));
    const next = offset + rows.length;
    if (rows.length > 0 && next < Math.min(total, MAX_ROWS)) return { home: start.home, kind, offset: next };
  }
  return undefined;
}

/** Adds entries of this home and the next ones. One that cannot be asked leaves the list short. */
async function fill(page: ListedResource[], templates: readonly AnyResource[], start: Position, call: Call) {
  const several = hasSeveralHomes(call.caller);
  let missed = false;
  const homes = Object.entries(call.caller.homes);
  for (const [index, [id, { name }]] of homes.entries()) {
    if (index < start.home) continue;
    const from = index === start.home ? start : { home: index, kind: KINDS[0], offset: 0 };
    try {
      const listed = several ? { home: id, label: ` (${name ?? id})` } : { home: undefined, label: "" };
      const context = contextOf(call, id);
      const found: ListedResource[] = [];
      const room = PAGE - page.length;
      const next = await whilePermitted(context, LIST, () =>
        fillFrom({ found, room }, templates, from, context, listed),
      );
      page.push(...found);
      if (next !== undefined) return { next, missed };
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      log("info", "resources_not_listed", { outcome: error.type });
      missed = true;
    }
  }
  return { next: undefined, missed };
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
  const start = cursor === undefined ? { home: 0, kind: KINDS[0], offset: 0 } : positionOf(cursor);
  const { next, missed } = await fill(resources, templates, start, call);
  return {
    resources,
    ...(next === undefined ? {} : { nextCursor: cursorOf(next) }),
    ...(missed ? { ttlMs: 0 } : {}),
  };
}
