import { Hono } from "hono";
import { FORGET_PERSON } from "../../auth/sign-in-cookie.ts";
import { SIGN_OUT_PATH } from "../layout.tsx";
import { activityRoutes } from "./activity-page.tsx";
import { contextRoutes } from "./context-page.tsx";
import { homeRoutes } from "./home-page.tsx";
import { homesRoutes } from "./homes-page.tsx";
import { LIVE, LIVE_PATH } from "./live.ts";
import { nodeRoutes } from "./node-page.tsx";
import { pinRoutes } from "./pin-page.tsx";
import type { ConsoleParts } from "./visit.tsx";

/** The console: what a person sees of their homes, and what they do there by themselves. */
export function consoleRoutes(parts: ConsoleParts): Hono {
  const app = new Hono();
  app.get(LIVE_PATH, (c) =>
    c.text(LIVE, 200, { "content-type": "text/javascript; charset=utf-8", "cache-control": "max-age=3600" }),
  );
  app.post(SIGN_OUT_PATH, (c) => {
    c.header("set-cookie", FORGET_PERSON);
    return c.redirect("/", 303);
  });
  app.route("/", homesRoutes(parts));
  app.route("/", homeRoutes(parts));
  app.route("/", nodeRoutes(parts));
  app.route("/", pinRoutes(parts));
  app.route("/", activityRoutes(parts));
  app.route("/", contextRoutes(parts));
  return app;
}
