import * as z from "zod";
import type { FaultType } from "../lib/errors.ts";
import type { Stage } from "./stopped.ts";

/**
 * What stands between the gateway and a home, as far as its answers show it: Cloudflare's edge, Access and the tunnel.
 *
 * A refusal there never reached the home, so that nothing can have changed; a time-out or a broken answer may have.
 * Bodies are looked at, never shown: whoever wrote them may have put a secret there.
 */

/** What came back in place of a home's answer. */
export interface Came {
  readonly status: number;
  readonly headers: Headers;
  /** The body; the first part of it is enough. */
  readonly text: string;
  /** The body's JSON; `undefined` if it is none. */
  readonly json: unknown;
}

/** For whom a remedy is written. */
export interface Site {
  /** The home's host name, with its port if it has one. */
  readonly host: string;
  /** Whether a Cloudflare Access service token is sent along. */
  readonly hasServiceToken: boolean;
}

/** What went wrong on the way, and the one thing that mends it. */
export interface OnTheWay {
  readonly type: FaultType;
  /** Where it went wrong: what comes before is in order, but that Access stands before the tunnel. */
  readonly stage: Stage;
  /** Completes "Cannot connect to the pi-controller of home …: ", without a full stop. */
  readonly what: string;
  /** Whether the home may have had the request. */
  readonly reached: boolean;
  readonly remedy: string;
}

interface Story extends Omit<OnTheWay, "remedy" | "stage"> {
  readonly remedy: (site: Site, ray: string | undefined) => string;
}

const refused = (what: string, remedy: Story["remedy"]): Story => ({
  type: "connection_failed",
  what,
  reached: false,
  remedy,
});
const unsure = (what: string, remedy: Story["remedy"], type: FaultType = "connection_failed"): Story => ({
  type,
  what,
  reached: true,
  remedy,
});

const hostIs = ({ host }: Site) => `(http.host eq "${host}")`;

/** Where the dashboard tells which rule it was. */
const eventOf = (ray: string | undefined) => (ray === undefined ? "" : `; Security > Events shows it under ray ${ray}`);

const withPolicy = 'a policy with action "Service Auth" that includes it';

const SLOW: Story["remedy"] = () =>
  "On the Pi, look at its load (uptime) and at pi-controller's log (journalctl -u pi-controller).";

const STORIES = {
  access: refused("Cloudflare Access refused the request", ({ host, hasServiceToken }) =>
    hasServiceToken
      ? `In Cloudflare Zero Trust > Access, renew the service token if it has expired, put it into HOME_SECRETS, and give the application of ${host} ${withPolicy}.`
      : `Give the home reach "access" in HOMES and a service token in HOME_SECRETS, and in Cloudflare Zero Trust > Access > Applications give the application of ${host} ${withPolicy}.`,
  ),
  challenge: refused(
    "Cloudflare's bot check stands in front of it",
    (site, ray) =>
      `In the Cloudflare dashboard, Security > Security rules, add a custom rule ${hostIs(site)} with action Skip for all remaining rules and Super Bot Fight Mode; plain Bot Fight Mode cannot be skipped and must be off${eventOf(ray)}.`,
  ),
  blocked: refused(
    "a security rule of Cloudflare blocked the request",
    (site, ray) =>
      `In the Cloudflare dashboard, Security > Security rules, put a custom rule ${hostIs(site)} with action Skip before the rule that blocks${eventOf(ray)}.`,
  ),
  banned: refused(
    "Cloudflare blocks the gateway's address or country",
    (_, ray) =>
      `In the Cloudflare dashboard, Security > Security rules > IP access rules, remove the rule that blocks${eventOf(ray)}.`,
  ),
  signature: refused(
    "Cloudflare's Browser Integrity Check blocked the request",
    (site) =>
      `In the Cloudflare dashboard, Rules > Overview, add a configuration rule ${hostIs(site)} that turns Browser Integrity Check off.`,
  ),
  limited: refused(
    "a rate limiting rule of Cloudflare, not the home, refused the request",
    (site) =>
      `Wait a minute; in the Cloudflare dashboard, Security > Security rules > Rate limiting rules, exempt ${hostIs(site)}.`,
  ),
  tunnel: refused(
    "its Cloudflare Tunnel is down",
    () => "On the Pi, run: systemctl status cloudflared (and start it with: sudo systemctl restart cloudflared).",
  ),
  dns: refused(
    "Cloudflare finds no address behind its host name",
    ({ host }) =>
      `In the Cloudflare dashboard, DNS, make ${host} a proxied CNAME record to <tunnel id>.cfargotunnel.com (cloudflared tunnel route dns does it).`,
  ),
  edge: unsure(
    "Cloudflare could not hand the request on",
    (_, ray) =>
      `Look the number up in Cloudflare's list of error codes${ray === undefined ? "" : `, and name ray ${ray} to Cloudflare's support`}.`,
  ),
  origin: unsure(
    "the tunnel is up, but pi-controller does not answer behind it",
    () =>
      "On the Pi, run: systemctl status pi-controller; then check that the tunnel's service is its address, such as http://localhost:8080.",
  ),
  odd: unsure(
    "pi-controller broke the connection off or sent something that is no HTTP",
    () => "On the Pi, look at pi-controller's log: journalctl -u pi-controller.",
  ),
  closed: refused(
    "its machine refused the connection",
    () => "On the Pi, run: systemctl status pi-controller; it or its port is closed.",
  ),
  silent: unsure(
    "its machine does not take the connection",
    () => "Check that the Pi is on and in its network, and that no firewall drops Cloudflare's addresses.",
  ),
  unreachable: refused(
    "its machine is not reachable from Cloudflare",
    ({ host }) => `In the Cloudflare dashboard, DNS, check the record of ${host}: it should lead to the tunnel.`,
  ),
  handshake: refused(
    "the TLS handshake between Cloudflare and pi-controller failed",
    () =>
      "In the tunnel's settings, set the service to http:// if pi-controller has no certificate, else set originRequest.originServerName to the name in it.",
  ),
  certificate: refused(
    "Cloudflare does not trust pi-controller's certificate",
    () => "In the tunnel's settings, set originRequest.caPool to the certificate authority of pi-controller.",
  ),
  slow: unsure("Cloudflare waited for pi-controller in vain", SLOW, "timeout"),
  busy: unsure("what stands in front of pi-controller is out of service", SLOW),
} as const satisfies Record<string, Story>;

type Kind = keyof typeof STORIES;

const AT_ACCESS: ReadonlySet<Kind> = new Set(["access", "challenge", "blocked", "banned", "signature", "limited"]);
const AT_TLS: ReadonlySet<Kind> = new Set(["handshake", "certificate"]);
const AT_CONTROLLER: ReadonlySet<Kind> = new Set(["origin", "odd", "slow", "busy"]);

function stageOf(kind: Kind): Stage {
  if (AT_ACCESS.has(kind)) return "access";
  if (AT_TLS.has(kind)) return "tls";
  return AT_CONTROLLER.has(kind) ? "controller" : "tunnel";
}

/** The edge's statuses, for an answer that is no home's (Cloudflare's list of 5xx errors). */
const BY_STATUS: Readonly<Record<number, Kind>> = {
  429: "limited",
  502: "origin",
  503: "busy",
  504: "slow",
  520: "odd",
  521: "closed",
  522: "silent",
  523: "unreachable",
  524: "slow",
  525: "handshake",
  526: "certificate",
};

/** The edge's own numbers (Cloudflare's list of 1xxx errors); any other may be of a Worker that asked the home. */
const BY_CODE: Readonly<Record<number, Kind>> = {
  1000: "dns",
  1001: "dns",
  1002: "dns",
  1004: "dns",
  1005: "banned",
  1006: "banned",
  1007: "banned",
  1008: "banned",
  1009: "banned",
  1010: "signature",
  1012: "blocked",
  1014: "dns",
  1015: "limited",
  1016: "dns",
  1018: "dns",
  1020: "blocked",
  1033: "tunnel",
  1106: "banned",
};

/** So much of a page says what it is. */
const HEAD_CHARS = 16_384;

/** Cloudflare's errors as JSON, which is what it sends to those who ask for JSON (RFC 9457). */
const Problem = z.object({
  cloudflare_error: z.literal(true),
  error_code: z.number().int().optional().catch(undefined),
});

/** The page that Access refuses with, as JSON. */
const AccessRefusal = z.object({ aud: z.string(), ray_id: z.string(), status_code: z.number() });

const LOGIN_HOST = /(?:^|\.)cloudflareaccess\.com$/;
const LOGIN_PATH = "/cdn-cgi/access/";

/** The words of a page, without its tags. */
const wordsOf = (text: string) => text.slice(0, HEAD_CHARS).replaceAll(/<[^<>]*>/g, " ");

const saysAccess = (text: string) => /cloudflareaccess\.com|Cloudflare Access/.test(text.slice(0, HEAD_CHARS));

function isAccessRefusal({ headers, text, json }: Came): boolean {
  const asks = (headers.get("www-authenticate") ?? "").includes("Cloudflare-Access");
  if (asks || headers.has("cf-access-aud")) return true;
  return json === undefined ? saysAccess(text) : AccessRefusal.safeParse(json).success;
}

function isAccess(came: Came): boolean {
  if (came.status === 401 || came.status === 403) return isAccessRefusal(came);
  return came.status === 200 && came.json === undefined && saysAccess(came.text);
}

/** The number on a page for people; 0 if it has none, `undefined` if it may be a home's. */
function pageCode(status: number, text: string): number | undefined {
  const words = wordsOf(text);
  const code = /\berror\s+(?:code\s*)?:?\s*(1\d{3})\b/i.exec(words)?.[1];
  if (code !== undefined) return Number(code);
  if (status === 403) return /you have been blocked/i.test(words) ? 1020 : undefined;
  return status === 429 && text === "" ? undefined : 0;
}

/** The number of one of the edge's own errors; 0 if it has none, `undefined` if this is none. */
function codeOf({ status, text, json }: Came): number | undefined {
  const problem = Problem.safeParse(json);
  if (problem.success) return problem.data.error_code ?? status;
  return json !== undefined || status < 400 ? undefined : pageCode(status, text);
}

function kindOf(came: Came): { kind: Kind; code: number } | undefined {
  if (came.headers.get("cf-mitigated") === "challenge") return { kind: "challenge", code: 0 };
  if (isAccess(came)) return { kind: "access", code: 0 };
  const code = codeOf(came);
  if (code === undefined) return undefined;
  // A 5xx repeats its status as its code; a 530 without a number may be any page that a zone shows for all errors.
  const kind = BY_CODE[code] ?? BY_STATUS[came.status] ?? (code > 0 || came.status >= 520 ? "edge" : undefined);
  return kind === undefined ? undefined : { kind, code };
}

/** The edge's number of a request, by which its owner finds it in the dashboard; `undefined` if there is none. */
export function rayOf(headers: Headers): string | undefined {
  return /^[0-9a-f]{16}(?:-[A-Z]{3})?$/.exec(headers.get("cf-ray") ?? "")?.[0];
}

function told({ remedy, ...story }: Story, stage: Stage, what: string, site: Site, headers: Headers): OnTheWay {
  return { ...story, stage, what, remedy: remedy(site, rayOf(headers)) };
}

/** What an answer tells of the way; `undefined` if it is the home's own. */
export function onTheWay(came: Came, site: Site): OnTheWay | undefined {
  const found = kindOf(came);
  if (found === undefined) return undefined;
  const story = STORIES[found.kind];
  const code = found.code > 0 && found.code !== came.status ? `, error ${found.code}` : "";
  return told(story, stageOf(found.kind), `${story.what} (HTTP ${came.status}${code})`, site, came.headers);
}

function locationOf(headers: Headers, from: string): URL | undefined {
  const location = headers.get("location");
  return location !== null && URL.canParse(location, from) ? new URL(location, from) : undefined;
}

/** What a redirect tells of the way: no home's API redirects. */
export function redirectOnTheWay(status: number, headers: Headers, from: string, site: Site): OnTheWay {
  const target = locationOf(headers, from);
  const here = new URL(from);
  if (target !== undefined && (LOGIN_HOST.test(target.hostname) || target.pathname.startsWith(LOGIN_PATH))) {
    return told(STORIES.access, "access", `${STORIES.access.what} with its login page (HTTP ${status})`, site, headers);
  }
  if (target?.hostname === here.hostname && here.protocol === "http:" && target.protocol === "https:") {
    const remedy = () => `Write the home's URL with https: ${target.origin}.`;
    const what = `it wants https (HTTP ${status})`;
    return told(refused(what, remedy), "tls", what, site, headers);
  }
  const what = `it redirects elsewhere, which is not followed (HTTP ${status})`;
  const remedy = () =>
    `Set the home's URL to the address where pi-controller itself answers: ${site.host} only redirects.`;
  return told(unsure(what, remedy), "controller", what, site, headers);
}
