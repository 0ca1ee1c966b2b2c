import type { UpstreamLogin } from "../pi/login.ts";
import type { PinNumbering } from "../pi/schemas/header.ts";

/**
 * How a home is reached: `public`, a tunnel's host name; `access`, the same behind Cloudflare Access, with a
 * service token; `vpc` and `mtls`, through a binding of the Worker; `demo`, the demo home.
 */
export const REACHES = ["public", "access", "vpc", "mtls", "demo"] as const;

export type Reach = (typeof REACHES)[number];

/** A Cloudflare Access service token. */
export interface ServiceToken {
  readonly clientId: string;
  readonly clientSecret: string;
}

/** How a home's controller may number GPIO pins. */
export const PIN_NUMBERINGS = ["bcm", "header"] as const satisfies readonly PinNumbering[];

/** The K3s API of one cluster of a home. */
export interface HomeK3s {
  /** Its id at the home's pi-controller. */
  readonly clusterId: number;
  /** Its origin, without a slash at the end. */
  readonly url: string;
  readonly namespaces: readonly [string, ...string[]];
  readonly token: string;
  /** With reach `vpc` and `mtls`, if it is not the home's own. */
  readonly binding?: string | undefined;
}

/** One place with one pi-controller: the unit of tenancy. Everything durable is keyed by its id. */
export interface Home {
  /** Lower-case letters, digits and hyphens. */
  readonly id: string;
  readonly name: string;
  /** Origin of its pi-controller, without a slash at the end. */
  readonly url: string;
  readonly reach: Reach;
  /** With reach `access`. */
  readonly serviceToken?: ServiceToken | undefined;
  /** With reach `vpc` and `mtls`: the binding's name in `wrangler.toml`. */
  readonly binding?: string | undefined;
  /** The longest that one request may take, in milliseconds. */
  readonly timeoutMs: number;
  /** The account that acts when no person is there, as when a pin is made safe. */
  readonly service?: UpstreamLogin | undefined;
  /** How its controller numbers pins; BCM unless it says otherwise. */
  readonly pins?: PinNumbering | undefined;
  /** The clusters whose own API is reached. */
  readonly k3s?: readonly HomeK3s[] | undefined;
}

/** Seed, section 4.2. */
export const DEFAULT_TIMEOUT_MS = 30_000;

/** The demo home's address: no such host exists, its requests go to a `DemoHome` object. */
export const DEMO_URL = "https://demo-home.invalid";

/** The demo home, as it is configured when no other is. */
export const DEMO_HOME: Home = {
  id: "demo",
  name: "Demo home",
  url: DEMO_URL,
  reach: "demo",
  timeoutMs: DEFAULT_TIMEOUT_MS,
};

/** The home that the seed's single-home variables describe. */
export function singleHome(url: string, timeoutMs: number, service: UpstreamLogin | undefined): Home {
  return { id: "home", name: "Home", url, reach: "public", timeoutMs, service };
}
