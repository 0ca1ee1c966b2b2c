import type { MiddlewareHandler } from "hono";
import type { Demo, DemoBindings, DemoContext } from "./demo.ts";
import { refusal } from "./demo.ts";

const METHODS: ReadonlySet<string> = new Set(["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"]);
const WITH_BODY: ReadonlySet<string> = new Set(["POST", "PUT", "PATCH"]);
const MAX_LIMIT = 1000;

/** What query values must not contain, whatever it means there (contract 2.3). */
const SUSPECT =
  "' \" ; -- /* */ xp_ sp_ union select insert update delete drop create alter exec execute script javascript: vbscript: onload onerror < >".split(
    " ",
  );

function checkContentType(c: DemoContext): void {
  const type = c.req.header("content-type");
  if (type === undefined || !WITH_BODY.has(c.req.method)) return;
  const known = type.startsWith("application/json") || type.startsWith("multipart/form-data");
  if (!known) throw refusal(400, `unsupported content type: ${type}`);
}

function checkNumber(c: DemoContext, name: "limit" | "offset", max: number, range: string): void {
  const sent = c.req.query(name);
  if (sent === undefined || sent === "") return;
  if (!/^[+-]?\d+$/.test(sent)) throw refusal(400, `invalid ${name} parameter: must be a number`);
  const value = Number(sent);
  if (value < 0 || value > max) throw refusal(400, `${name} parameter outside valid range (${range})`);
}

function checkWords(c: DemoContext): void {
  for (const [name, values] of Object.entries(c.req.queries())) {
    const text = values.join("\n").toLowerCase();
    if (SUSPECT.some((part) => text.includes(part))) {
      throw refusal(400, `query parameter ${name} contains potentially malicious content`);
    }
  }
}

/** The request validator (contract 2.3): methods, content types, windows, suspicious query values. */
export function validator(demo: Demo): MiddlewareHandler<DemoBindings> {
  return async (c, next) => {
    // Hono answers HEAD by the GET route, so the method sent is looked up in the raw request.
    if (!METHODS.has(c.req.raw.method)) throw refusal(405, "HTTP method not allowed", "Method Not Allowed");
    checkContentType(c);
    checkNumber(c, "limit", MAX_LIMIT, `0-${MAX_LIMIT}`);
    checkNumber(c, "offset", Number.MAX_SAFE_INTEGER, "0 or more");
    if (demo.quirks.suspectsText) checkWords(c);
    await next();
  };
}
