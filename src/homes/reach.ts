import type { Endpoint, Fetch } from "../pi/request.ts";
import type { Home } from "./home.ts";

/** The ways out of the Worker, one for each reach. */
export type Ways = Readonly<Record<Home["reach"], Fetch>>;

/** A home as the REST client needs it. */
export function endpointOf(home: Home, ways: Ways): Endpoint {
  return { name: home.name, url: home.url, timeoutMs: home.timeoutMs, fetch: ways[home.reach] };
}
