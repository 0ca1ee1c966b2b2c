import { AuthorizationError, CimdFetchError } from "@cloudflare/workers-oauth-provider";
import { Hono, type MiddlewareHandler } from "hono";
import { bodyLimit } from "hono/body-limit";
import { csrf } from "hono/csrf";
import { secureHeaders } from "hono/secure-headers";
import { personOf } from "../auth/sign-in-cookie.ts";
import type { SignIn } from "../auth/sign-in.ts";
import type { Authorization } from "../auth/unknown-clients.ts";
import type { Caller } from "../contract/caller.ts";
import type { Connections } from "../contract/connection.ts";
import type { OpenHome } from "../contract/context.ts";
import type { ListedOperation } from "../contract/operation.ts";
import type { NodeRegister } from "../contract/node-register.ts";
import type { OpenPi } from "../homes/open.ts";
import type { Sealer } from "../lib/crypto.ts";
import { describeError, log } from "../lib/log.ts";
import { type Limits, TooMany } from "../limits/port.ts";
import { CAPS } from "../limits/table.ts";
import type { LeftSecrets } from "../secrets/port.ts";
import { authorizeRoutes } from "./authorize.tsx";
import { connectionRoutes } from "./connections-page.tsx";
import type { LiftRegister } from "./console/acts.ts";
import type { ExportSource } from "./console/export.ts";
import { LIVE_PATH } from "./console/live.ts";
import { consoleRoutes } from "./console/routes.tsx";
import { doctorRoutes } from "./doctor-page.tsx";
import { ICON, ICON_PATH } from "./icon.ts";
import { LandingPage } from "./landing-page.tsx";
import { ProblemPage } from "./layout.tsx";
import { limited, TooManyPage } from "./limits.tsx";
import { nodeRoutes, type RefusalRegister } from "./nodes-page.tsx";
import { providerRoutes } from "./provider-routes.tsx";
import { secretRoutes } from "./secret-page.tsx";
import { STYLE } from "./style.ts";

/** What the pages work with. */
export interface WebParts {
  readonly origin: string;
  readonly oauth: Authorization;
  readonly signIn: SignIn;
  readonly sealer: Sealer;
  readonly secrets: LeftSecrets;
  readonly connections: (userId: string) => Connections;
  readonly open: OpenPi;
  /** Opens a home with all that acts on it. */
  readonly home: OpenHome;
  readonly register: (homeId: string) => LiftRegister & ExportSource & RefusalRegister;
  /** Operations of a home that somebody may see, newest first. */
  readonly operations: (caller: Caller, homeId: string) => Promise<readonly ListedOperation[]>;
  /** The register of a home's nodes. */
  readonly nodes: (homeId: string) => NodeRegister;
  readonly limits: Limits;
}

/** A year, in seconds. */
const HSTS_SECONDS = 31_536_000;

/** Pages on which the one script runs: those that show what changes, and the one with an address to copy. */
const SCRIPTED = /^\/$|^\/homes(\/|$)/;

const told = (script: object) =>
  secureHeaders({
    // No form-action: browsers apply it to the redirect back to the client and would block it.
    contentSecurityPolicy: {
      defaultSrc: ["'none'"],
      ...script,
      styleSrc: ["'self'"],
      imgSrc: ["'self'"],
      baseUri: ["'none'"],
      frameAncestors: ["'none'"],
    },
    xFrameOptions: "DENY",
    // "no-referrer" would make browsers send `Origin: null` with our own forms.
    referrerPolicy: "same-origin",
    strictTransportSecurity: `max-age=${HSTS_SECONDS}`,
  });

/** What browsers are told of every page. Only the one script may run, and only where it has something to do. */
function headers(origin: string): MiddlewareHandler {
  const plain = told({});
  const scripted = told({ scriptSrc: [`${origin}${LIVE_PATH}`], connectSrc: ["'self'"] });
  return (c, next) => (SCRIPTED.test(c.req.path) ? scripted : plain)(c, next);
}

/** The pages for people: landing, sign-in, consent, and what is shown once. */
export function webApp(parts: WebParts): Hono {
  const app = new Hono();

  app.use(headers(parts.origin));
  // What people read is theirs alone, and so is what went wrong with it; the stylesheet says otherwise.
  app.use(async (c, next) => {
    await next();
    if (!c.res.headers.has("cache-control")) c.header("cache-control", "no-store");
  });
  app.use(bodyLimit({ maxSize: CAPS.form.limit }));
  app.use(csrf());
  app.use("/authorize", limited(parts.limits, "authorize"));
  app.use("/sign-in", limited(parts.limits, "signIn"));
  // Each look asks the homes, up to seven times.
  app.use("/doctor", limited(parts.limits, "signIn"));
  // Each look asks the person's homes what they may do now.
  app.use("/nodes", limited(parts.limits, "authorize"));
  // The ways by another provider: each request asks that one.
  app.use("/sign-in/:provider/*", limited(parts.limits, "authorize"));

  app.get("/", async (c) => {
    const person = await personOf(parts.sealer, c.req.header("cookie") ?? null, parts.signIn.rules);
    const signed = person === undefined ? undefined : { who: person.userName, here: "/" };
    return c.html(<LandingPage mcpUrl={`${parts.origin}/mcp`} signed={signed} />);
  });
  app.get("/style.css", (c) => c.text(STYLE, 200, { "content-type": "text/css", "cache-control": "max-age=3600" }));
  // What shows a page that is none of ours, such as an answer in JSON, asks for the older name.
  for (const path of [ICON_PATH, "/favicon.ico"]) {
    app.get(path, (c) => c.text(ICON, 200, { "content-type": "image/svg+xml", "cache-control": "max-age=86400" }));
  }
  app.route("/", authorizeRoutes(parts));
  app.route("/", providerRoutes(parts));
  app.route("/", secretRoutes(parts));
  app.route("/", connectionRoutes(parts));
  app.route("/", doctorRoutes(parts));
  app.route("/", consoleRoutes(parts));
  app.route("/", nodeRoutes(parts));

  app.notFound((c) =>
    c.html(
      <ProblemPage
        title="Not found"
        message="There is no such page."
        next={
          <>
            Start at the <a href="/">front page</a>.
          </>
        }
      />,
      404,
    ),
  );
  app.onError((error, c) => {
    if (error instanceof AuthorizationError && error.redirectTo !== undefined) return c.redirect(error.redirectTo);
    const next = "Go back to your AI client and connect again.";
    if (error instanceof AuthorizationError) {
      return c.html(<ProblemPage title="This cannot go on" message={error.description} next={next} />, 400);
    }
    if (error instanceof CimdFetchError) {
      const message = "This client’s description could not be fetched.";
      return c.html(<ProblemPage title="This cannot go on" message={message} next={next} />, 400);
    }
    if (error instanceof TooMany) {
      c.header("retry-after", String(error.seconds));
      c.header("cache-control", "no-store");
      return c.html(<TooManyPage error={error} />, 429);
    }
    if ("getResponse" in error) return error.getResponse();
    log("error", "page_bug", describeError(error));
    const message = "PiMCP itself failed; the cause is in its log.";
    return c.html(<ProblemPage title="Something broke" message={message} next={next} />, 500);
  });
  return app;
}
