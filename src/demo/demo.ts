import type { Context, Hono } from "hono";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import type { Limits } from "./limits.ts";
import type { Quirks } from "./quirks.ts";
import type { Shapes } from "./shapes.ts";
import type { Role, World } from "./state.ts";

/** Who is calling, as the bearer token says, or as the account stands now (see `Quirks.believesTokens`). */
export interface Account {
  readonly id: number;
  readonly role: Role;
}

/** What every route of the demo home works on. */
export interface Demo {
  readonly world: World;
  readonly quirks: Quirks;
  readonly shapes: Shapes;
  readonly limits: Limits;
  readonly requireHttps: boolean;
  /** Milliseconds since 1970. */
  now(): number;
  /** Lets simulated milliseconds pass in a request; `false` if the caller went away meanwhile. */
  pass(ms: number, c: DemoContext): Promise<boolean>;
  /** Says that the world has changed. */
  changed(): void;
  /** Ends the controller process and starts it anew: all tokens become invalid. */
  restart(): void;
}

export interface DemoBindings {
  Variables: {
    account: Account;
    /** Simulated milliseconds this request has taken. */
    passed: number;
  };
}

export type DemoApp = Hono<DemoBindings>;
export type DemoContext = Context<DemoBindings>;

/** An answer that ends a request early; the app's `onError` sends it. */
export class Refusal extends Error {
  readonly status: ContentfulStatusCode;
  readonly body: object | string;
  readonly headers: Record<string, string>;

  constructor(status: ContentfulStatusCode, body: object | string, headers: Record<string, string> = {}) {
    super(`refused with ${status}`);
    this.status = status;
    this.body = body;
    this.headers = headers;
  }
}

/** How a tunnel answers while the process behind it is gone or silent. */
export const BAD_GATEWAY =
  "<!doctype html><html><head><title>502 Bad gateway</title></head><body>Bad gateway</body></html>\n";

const WORDS: Readonly<Record<number, string>> = {
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  409: "Conflict",
  500: "Internal Server Error",
  503: "Service Unavailable",
  413: "Request Too Large",
  507: "Insufficient Storage",
};

/** The generic error body `{error, message}` (contract 4). */
export function refusal(status: ContentfulStatusCode, message: string, word = WORDS[status] ?? "Error"): Refusal {
  return new Refusal(status, { error: word, message });
}

/** The same with the reason, or with the fixed phrase that hides it. */
export function reasoned(demo: Demo, status: ContentfulStatusCode, fixed: string, reason: string): Refusal {
  return refusal(status, demo.quirks.hidesReasons ? fixed : reason);
}
