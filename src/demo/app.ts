import { Hono } from "hono";
import { cors } from "hono/cors";
import { authRoutes } from "./auth.ts";
import { authorityRoutes } from "./ca.ts";
import { certificateRoutes } from "./ca-certificates.ts";
import { requestRoutes } from "./ca-requests.ts";
import { capacity } from "./capacity.ts";
import { clusterWorkRoutes } from "./cluster-work.ts";
import { clusterRoutes } from "./clusters.ts";
import { BAD_GATEWAY, type Demo, type DemoApp, type DemoBindings, Refusal } from "./demo.ts";
import { deploymentRoutes } from "./deployments.ts";
import { gpioRoutes } from "./gpio.ts";
import { clientIp, createLimits } from "./limits.ts";
import { nodeWorkRoutes } from "./node-work.ts";
import { nodeRoutes } from "./nodes.ts";
import { randomHex } from "./passwords.ts";
import { type Dialect, quirksOf } from "./quirks.ts";
import { DOCUMENTED_SHAPES } from "./shapes-documented.ts";
import { RELEASED_SHAPES } from "./shapes-released.ts";
import type { World } from "./state.ts";
import { systemRoutes } from "./system.ts";
import { validator } from "./validator.ts";
import { restartController } from "./world.ts";

/** How a demo home is set up. */
export interface DemoOptions {
  /** Changed in place by requests. */
  readonly world: World;
  /** `documented` keeps the seed's promises, `released` is the contract's label N. */
  readonly dialect: Dialect;
  /** Milliseconds since 1970; `Date.now` if left out. */
  readonly now?: () => number;
  /** Turns the rate limits on (contract 2.4). */
  readonly limits?: boolean;
  /** Milliseconds every request takes. */
  readonly latencyMs?: number;
  /** Called after each request that changed the world, and when a long operation begins. */
  readonly onChange?: () => void;
  /** How many times faster than real provisioning runs. */
  readonly timeScale?: number;
  /** Lets milliseconds pass; a timer if left out. */
  readonly wait?: (ms: number) => Promise<void>;
  /** Answers a tunnel's 502 where a released controller is past its write deadline of 30 s (contract 6.3). */
  readonly dropsSlowAnswers?: boolean;
  /** Answers 426 to authenticated requests over plain HTTP (contract 2.2). */
  readonly requireHttps?: boolean;
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Resolves when a request was given up. */
function abandoned(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}

function createDemo(options: DemoOptions, changed: () => void, flush: () => void): Demo {
  const { world, timeScale = 1, wait = sleep, now = Date.now } = options;
  return {
    world,
    quirks: quirksOf(options.dialect),
    shapes: options.dialect === "released" ? RELEASED_SHAPES : DOCUMENTED_SHAPES,
    limits: createLimits(options.limits === true),
    requireHttps: options.requireHttps === true,
    now,
    changed,
    async pass(ms, c) {
      const { signal } = c.req.raw;
      c.set("passed", c.get("passed") + ms);
      flush();
      // The listener comes first: the caller may go away while the wait begins.
      if (!signal.aborted) await Promise.race([abandoned(signal), wait(ms / timeScale)]);
      return !signal.aborted;
    },
    restart() {
      restartController(world, now());
      changed();
    },
  };
}

/** Those of released controllers (contract 2.3). */
const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  "X-Content-Type-Options": "nosniff",
  "X-Frame-Options": "DENY",
  "X-XSS-Protection": "1; mode=block",
  "Content-Security-Policy": "default-src 'self'; frame-ancestors 'none'",
  "Referrer-Policy": "strict-origin-when-cross-origin",
  "X-Permitted-Cross-Domain-Policies": "none",
  "X-DNS-Prefetch-Control": "off",
  "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
};

const REQUEST_ID_BYTES = 8;

const CORS = cors({
  origin: (origin) => origin,
  credentials: true,
  allowMethods: ["GET", "POST", "PUT", "DELETE", "OPTIONS"],
  allowHeaders: ["Accept", "Authorization", "Content-Type", "X-CSRF-Token", "X-Request-ID"],
  maxAge: 86_400,
});

/** What comes before every route, in the order of contract 2.3. */
function middleware(app: DemoApp, demo: Demo, { latencyMs = 0, wait = sleep }: DemoOptions): void {
  app.use(async (c, next) => {
    for (const [name, value] of Object.entries(SECURITY_HEADERS)) c.header(name, value);
    c.header("X-Request-ID", c.req.header("x-request-id") ?? randomHex(REQUEST_ID_BYTES));
    if (latencyMs > 0) await wait(latencyMs);
    await next();
  });
  app.use(validator(demo));
  app.use(async (c, next) => {
    const headers = demo.limits.global(clientIp(c.req.raw.headers), demo.now());
    for (const [name, value] of Object.entries(headers)) c.header(name, value);
    await next();
  });
  app.use(CORS);
  app.use(capacity(demo));
}

const WRITE_DEADLINE_MS = 30_000;

const INDEX_HTML = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Pi Controller</title></head><body><div id="root"></div></body></html>
`;

/** Unknown paths, and whatever was thrown. */
function fallbacks(app: DemoApp): void {
  app.notFound((c) => {
    const isApi = new URL(c.req.url).pathname.startsWith("/api");
    return isApi ? c.json({ error: "API endpoint not found" }, 404) : c.html(INDEX_HTML);
  });
  app.onError((error, c) => {
    if (!(error instanceof Refusal)) {
      return c.json({ error: "Internal Server Error", message: "An unexpected error occurred" }, 500);
    }
    const { status, body, headers } = error;
    return typeof body === "string" ? c.html(body, status, headers) : c.json(body, status, headers);
  });
}

/** A pi-controller that lives in `options.world`; nothing else is kept between requests but rate limits. */
export function createDemoApp(options: DemoOptions): Hono<DemoBindings> {
  let dirty = false;
  const flush = (): void => {
    if (dirty) options.onChange?.();
    dirty = false;
  };
  const changed = (): void => {
    dirty = true;
  };
  const demo = createDemo(options, changed, flush);
  const app: DemoApp = new Hono<DemoBindings>();
  app.use(async (c, next) => {
    c.set("passed", 0);
    await next();
    flush();
    if (options.dropsSlowAnswers === true && c.get("passed") > WRITE_DEADLINE_MS) c.res = c.html(BAD_GATEWAY, 502);
  });
  middleware(app, demo, options);
  systemRoutes(app, demo);
  authRoutes(app, demo);
  clusterRoutes(app, demo);
  nodeRoutes(app, demo);
  clusterWorkRoutes(app, demo);
  nodeWorkRoutes(app, demo);
  gpioRoutes(app, demo);
  if (options.dialect === "documented") deploymentRoutes(app, demo);
  certificateRoutes(app, demo);
  authorityRoutes(app, demo);
  requestRoutes(app, demo);
  fallbacks(app);
  return app;
}
