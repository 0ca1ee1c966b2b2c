import type { K3sApi } from "../pi/k3s/api.ts";
import type { Fault } from "../lib/errors.ts";
import type { Endpoint, Fetch } from "../pi/request.ts";
import type { Home } from "./home.ts";
import type { Troubles } from "./troubles.ts";

/** The way to one home, out of the Worker or to one of its objects. */
export type Ways = (home: Home) => Fetch;

/** What a Worker has to reach homes with. */
export interface Outside {
  /** The network. */
  readonly fetch: Fetch;
  /** The demo home of that id. */
  demo(homeId: string): Fetch;
  /** A binding of the Worker that takes requests; `undefined` if there is none of that name. */
  binding(name: string): Fetch | undefined;
}

/** A home as the REST client needs it. @param troubles where what is seen of it is noted */
export function endpointOf(home: Home, ways: Ways, troubles?: Troubles): Endpoint {
  const { id, name, url, timeoutMs } = home;
  const seen = (lost?: Fault) => troubles?.note(id, lost);
  return { name, url, timeoutMs, hasServiceToken: home.serviceToken !== undefined, fetch: ways(home), seen };
}

/** The K3s APIs of a home's clusters, reached the way the home is. */
export function k3sApisOf(home: Home, ways: Ways): K3sApi[] {
  return (home.k3s ?? []).map(({ url, binding, ...api }) => {
    const through = binding === undefined ? home : { ...home, binding };
    return { ...api, endpoint: { ...endpointOf(through, ways), url } };
  });
}

/** The home of that id; `undefined` if it is not configured. */
export function endpointIn(
  homes: readonly Home[],
  homeId: string,
  ways: Ways,
  troubles?: Troubles,
): Endpoint | undefined {
  const home = homes.find(({ id }) => id === homeId);
  return home === undefined ? undefined : endpointOf(home, ways, troubles);
}

function isFetcher(bound: unknown): bound is { fetch: Fetch } {
  return typeof bound === "object" && bound !== null && "fetch" in bound && typeof bound.fetch === "function";
}

/** A binding of a Worker as a way; `undefined` if it takes no requests. */
export function fetcherIn(bound: unknown): Fetch | undefined {
  return isFetcher(bound) ? (url, init) => bound.fetch(url, init) : undefined;
}

/** The headers of a Cloudflare Access service token: Access takes them, the home never sees them. */
function withServiceToken(way: Fetch, home: Home): Fetch {
  const { serviceToken } = home;
  if (serviceToken === undefined) return way;
  return (url, init) => {
    const headers = new Headers(init.headers);
    headers.set("cf-access-client-id", serviceToken.clientId);
    headers.set("cf-access-client-secret", serviceToken.clientSecret);
    return way(url, { ...init, headers });
  };
}

/**
 * The ways to all homes.
 * @throws Error when a home's binding is missing, which `missingBindings` tells before
 */
export function waysThrough(outside: Outside): Ways {
  return (home) => {
    if (home.reach === "demo") return outside.demo(home.id);
    if (home.binding === undefined) return withServiceToken(outside.fetch, home);
    const bound = outside.binding(home.binding);
    if (bound === undefined) throw new Error(`the binding ${home.binding} of home ${home.id} is missing`);
    return withServiceToken(bound, home);
  };
}

/** The bindings that a home is reached through, each with what it leads to. */
function bindingsOf({ binding, k3s = [] }: Home): (readonly [what: string, binding: string])[] {
  return [
    ...(binding === undefined ? [] : [["is", binding] as const]),
    ...k3s.flatMap((each) =>
      each.binding === undefined ? [] : [[`has the K3s API of cluster ${each.clusterId}`, each.binding] as const],
    ),
  ];
}

/** One sentence for each binding of a home which this Worker does not have. */
export function missingBindings(homes: readonly Home[], outside: Pick<Outside, "binding">): string[] {
  return homes.flatMap((home) =>
    bindingsOf(home)
      .filter(([, binding]) => outside.binding(binding) === undefined)
      .map(
        ([what, binding]) =>
          `HOMES: home "${home.id}" ${what} reached through the ${home.reach === "vpc" ? "Workers VPC" : "mTLS certificate"} binding "${binding}", which wrangler.toml does not have.`,
      ),
  );
}
