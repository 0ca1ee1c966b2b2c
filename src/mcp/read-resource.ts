import { type ReadResourceResult, ResourceNotFoundError, UriTemplate } from "@modelcontextprotocol/server";
import type { Context } from "../contract/context.ts";
import type { AnyResource, Past } from "../contract/resource.ts";
import { Fault } from "../lib/errors.ts";
import { type Call, contextOf, inTime, type Waiting, whilePermitted } from "./call.ts";
import { invalidInput } from "./call-tool.ts";
import { MIME_TYPE } from "./describe.ts";
import { mayUse, permittedHome } from "./homes.ts";
import { aboutCall, ended, outcomeOf } from "./observe.ts";
import { toProtocolError } from "./rpc-error.ts";
import { splitHome } from "./uri.ts";
import type { Watches } from "./watches.ts";

/** A URI longer than this is none of ours. */
const MAX_URI_LENGTH = 256;

/** One call about a resource. */
export interface ResourceCall extends Call {
  readonly watches: Watches;
}

/** A resource with its URI pattern ready to match; made once. */
export interface ReadableResource {
  readonly resource: AnyResource;
  readonly match: (uri: string) => Record<string, unknown> | null;
}

export function readable(resource: AnyResource): ReadableResource {
  const template = new UriTemplate(resource.uri);
  return { resource, match: (uri) => (uri.length > MAX_URI_LENGTH ? null : template.match(uri)) };
}

interface Opened {
  readonly home: string;
  readonly resource: AnyResource;
  readonly parameters: Record<string, unknown>;
  readonly context: Context;
}

/** A resource that this caller may read. @throws Fault, or an error of its own if there is no such resource */
function open(resources: readonly ReadableResource[], uri: string, call: Call): Opened {
  const { uri: bare, home: asked } = splitHome(uri);
  for (const { resource, match } of resources) {
    const variables = match(bare);
    if (variables === null) continue;
    const home = permittedHome(call, resource, asked);
    const parameters = resource.parameters.safeParse(variables);
    if (!parameters.success) throw invalidInput(resource.uri, parameters.error, variables);
    return { home, resource, parameters: parameters.data, context: contextOf(call, home) };
  }
  throw new ResourceNotFoundError(uri);
}

/** The resource's name; empty for a URI of none, which says nothing that may be logged. */
function nameOf(resources: readonly ReadableResource[], uri: string): string {
  const { uri: bare } = splitHome(uri);
  return resources.find(({ match }) => match(bare) !== null)?.resource.name ?? "";
}

const wantedOf = ({ name, role, independent }: AnyResource) => ({ name, role, independent, reads: true });

function pastOf({ resource, parameters, context, home }: Opened, uri: string, call: ResourceCall): Promise<Past> {
  const key = JSON.stringify([call.caller.userId, home, uri]);
  return call.watches.look(key, resource, parameters, context);
}

/**
 * Reads one resource.
 * @throws ProtocolError with the fault as its data; a resource that does not exist has its own error code
 */
export async function readResource(
  resources: readonly ReadableResource[],
  uri: string,
  call: ResourceCall,
): Promise<ReadResourceResult> {
  const about = aboutCall("resource", nameOf(resources, uri));
  let outcome = "ok";
  try {
    const opened = open(resources, uri, call);
    const { home, resource, parameters, context } = opened;
    about.home = home;
    const read = await whilePermitted(context, wantedOf(resource), async () => {
      const past = resource.watch === undefined ? undefined : await pastOf(opened, uri, call);
      return resource.read(parameters, context, past);
    });
    const value = { home, ...resource.output.parse(read) };
    return {
      contents: [{ uri, mimeType: MIME_TYPE, text: JSON.stringify(value) }],
      ttlMs: resource.ttlMs,
      cacheScope: "private",
    };
  } catch (error) {
    outcome = error instanceof ResourceNotFoundError ? "not_found" : outcomeOf(error);
    if (error instanceof Fault && error.type === "not_found") throw new ResourceNotFoundError(uri, error.message);
    throw toProtocolError(error);
  } finally {
    ended(about, outcome, call);
  }
}

/** Looks at a watched resource once. @returns how many changes were noticed so far: it rises with each */
export type Look = () => Promise<number>;

/** The way to watch a resource; `undefined` if it is not one that this caller can listen to. */
export function watchResource(
  resources: readonly ReadableResource[],
  uri: string,
  call: Waiting<ResourceCall>,
): Look | undefined {
  const { uri: bare } = splitHome(uri);
  const found = resources.find(({ match }) => match(bare) !== null);
  if (found?.resource.watch === undefined || !mayUse(call, found.resource)) return undefined;
  if (!found.resource.parameters.safeParse(found.match(bare)).success) return undefined;
  // Opened anew for each look: what it asks of the home has its own time limit.
  return () =>
    inTime(call, async (timed) => {
      const opened = open(resources, uri, timed);
      const look = () => pastOf(opened, uri, timed);
      return (await whilePermitted(opened.context, wantedOf(opened.resource), look)).total;
    });
}
