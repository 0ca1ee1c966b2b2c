import type { MiddlewareHandler } from "hono";
import { getCookie } from "hono/cookie";
import { type Demo, type DemoBindings, type DemoContext, refusal } from "./demo.ts";
import { clientIp } from "./limits.ts";
import type { Role } from "./state.ts";
import { authenticate, checkHttps } from "./tokens.ts";

const RANK: Readonly<Record<Role, number>> = { viewer: 0, operator: 1, admin: 2 };

const SAFE_METHODS: ReadonlySet<string> = new Set(["GET", "OPTIONS"]);

/** A cookie-authenticated write needs a CSRF token (contract 3.2). */
function checkCsrf(c: DemoContext): void {
  if (SAFE_METHODS.has(c.req.method)) return;
  const token = c.req.header("x-csrf-token");
  const matches = token !== undefined && token === getCookie(c, "csrf_token");
  if (!matches && c.req.header("x-requested-with") !== "XMLHttpRequest") {
    throw refusal(403, "CSRF token validation failed");
  }
}

/**
 * Lets a request through whose account has at least a role, in the order of contract 2.3: HTTPS, token,
 * GPIO rate limit, role.
 */
export function guard(demo: Demo, role: Role, group: "gpio" | "other" = "other"): MiddlewareHandler<DemoBindings> {
  return async (c, next) => {
    checkHttps(demo, c);
    const cookie = getCookie(c, "access_token");
    const account = await authenticate(demo, c, cookie);
    if (cookie !== undefined) checkCsrf(c);
    if (group === "gpio") {
      const headers = demo.limits.gpio(clientIp(c.req.raw.headers), account.id, demo.now());
      for (const [name, value] of Object.entries(headers)) c.header(name, value);
    }
    if (RANK[account.role] < RANK[role]) throw refusal(403, `Requires ${role} role`);
    c.set("account", account);
    await next();
  };
}
