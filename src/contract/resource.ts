import type * as z from "zod";
import type { Kind } from "./choice.ts";
import type { Context } from "./context.ts";
import type { Role } from "./role.ts";

export type Fact = string | number | null;

/** One thing that is watched. */
export interface Thing {
  readonly kind: "cluster" | "node" | "pin" | "fleet_node" | "entry";
  /** For people: "node 3 (pi-worker-1)". */
  readonly label: string;
  /** Key of the thing that it belongs to, and comes and goes with. */
  readonly within: string | null;
  /** What may change; the first one says most. */
  readonly facts: Readonly<Record<string, Fact>>;
}

/** What is watched, as it is at one moment; keys stay the same while names change. */
export type Picture = ReadonlyMap<string, Thing>;

/** One difference between two pictures. */
export interface Change {
  /** "node_joined", "node_status", "pin_level". */
  readonly what: string;
  readonly subject: string;
  readonly from: Fact;
  readonly to: Fact;
}

/** What has been seen to change since somebody first looked. */
export interface Past {
  /** RFC 3339: before that nobody looked. */
  readonly since: string;
  /** Newest first, as many as are kept; `at` is when the change was noticed. */
  readonly changes: readonly (Change & { readonly at: string })[];
  /** How many there were in all. */
  readonly total: number;
}

/** How changes are noticed: pictures are taken while somebody listens or reads, and compared. */
export interface Watch<Parameters extends z.ZodObject> {
  picture(parameters: z.output<Parameters>, context: Context): Promise<Picture>;
  changes(before: Picture, after: Picture): readonly Change[];
}

/** One resource, or one family of resources if its URI has `{parameters}`. */
export interface Resource<Parameters extends z.ZodObject, Output extends z.ZodObject> {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  /** RFC 6570, with the names of `parameters` (seed, section 3). */
  readonly uri: string;
  readonly role: Role;
  /** How long a client may keep an answer, in milliseconds. */
  readonly ttlMs: number;
  readonly parameters: Parameters;
  /** What each parameter is the id of; `null` if it is none of a home's things. */
  readonly ids: { readonly [Name in keyof z.output<Parameters>]: Kind | null };
  /** Strips what it does not promise. */
  readonly output: Output;
  /** As in a tool. */
  readonly independent?: boolean;
  /** Present if a client may listen to it; `read` is then given the past. */
  readonly watch?: Watch<Parameters>;
  // A method, so that concrete resources fit `AnyResource`.
  read(parameters: z.output<Parameters>, context: Context, past?: Past): Promise<z.input<Output>>;
}

export type AnyResource = Resource<z.ZodObject, z.ZodObject>;

/** Types a resource; changes nothing. */
export function defineResource<Parameters extends z.ZodObject, Output extends z.ZodObject>(
  resource: Resource<Parameters, Output>,
): Resource<Parameters, Output> {
  return resource;
}
