import type { UpstreamLogin } from "../pi/login.ts";

/** How a home is reached. */
export type Reach = "public" | "demo";

/** One place with one pi-controller: the unit of tenancy. Everything durable is keyed by its id. */
export interface Home {
  readonly id: string;
  readonly name: string;
  /** Origin of its pi-controller, without a slash at the end. */
  readonly url: string;
  readonly reach: Reach;
  /** The longest that one request may take, in milliseconds. */
  readonly timeoutMs: number;
  /** The account that acts when no person is there, as when a pin is made safe. */
  readonly service?: UpstreamLogin | undefined;
}

/** The demo home's address: no such host exists, its requests go to the `DemoHome` object. */
export const DEMO_URL = "https://demo-home.invalid";

/** The demo home, as it is configured when no other is. */
export const DEMO_HOME: Home = { id: "demo", name: "Demo home", url: DEMO_URL, reach: "demo", timeoutMs: 30_000 };

/** The home that the seed's single-home variables describe. */
export function singleHome(url: string, timeoutMs: number, service: UpstreamLogin | undefined): Home {
  return { id: "home", name: "Home", url, reach: "public", timeoutMs, service };
}
