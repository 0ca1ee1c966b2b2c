import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createDemoApp } from "../../src/demo/app.ts";
import { createWorld } from "../../src/demo/world.ts";

/**
 * A stand-in for what stands between the gateway and a home: Cloudflare's edge, Access and cloudflared, over TCP,
 * with a demo home behind them. The pages are shaped like Cloudflare's own; what they say to people is shortened.
 */

/** How the edge writes its own errors: to browsers, to those who ask for JSON (RFC 9457), and to all others. */
export const FORMS = ["html", "json", "text"] as const;

export type Form = (typeof FORMS)[number];

/** Where a request ends, if not with the home's answer. */
export interface Weather {
  readonly status: number;
  /** The edge's own number, if it is not the status. */
  readonly code?: number;
  readonly title: string;
  /** Whether the home gets the request before its answer is lost. */
  readonly reached: boolean;
}

/** The edge's own errors. */
export const WEATHERS = {
  "tunnel-down": { status: 530, code: 1033, title: "Cloudflare Tunnel error", reached: false },
  "no-dns": { status: 530, code: 1016, title: "Origin DNS error", reached: false },
  "dns-loop": { status: 403, code: 1000, title: "DNS points to prohibited IP", reached: false },
  blocked: { status: 403, code: 1020, title: "Access denied", reached: false },
  "browser-check": { status: 403, code: 1010, title: "Access denied", reached: false },
  "country-ban": { status: 403, code: 1009, title: "Access denied", reached: false },
  "rate-limit": { status: 429, code: 1015, title: "You are being rate limited", reached: false },
  "origin-closed": { status: 521, title: "Web server is down", reached: false },
  "origin-silent": { status: 522, title: "Connection timed out", reached: true },
  "origin-unreachable": { status: 523, title: "Origin is unreachable", reached: false },
  "tls-handshake": { status: 525, title: "SSL handshake failed", reached: false },
  "tls-certificate": { status: 526, title: "Invalid SSL certificate", reached: false },
  "origin-broken": { status: 502, title: "Bad gateway", reached: true },
  "origin-odd": { status: 520, title: "Web server is returning an unknown error", reached: true },
  "gateway-timeout": { status: 504, title: "Gateway time-out", reached: true },
  "origin-slow": { status: 524, title: "A timeout occurred", reached: true },
} as const satisfies Record<string, Weather>;

export type WeatherName = keyof typeof WEATHERS;

/** What a body may hold that nobody is to see. */
export const CANARY = "hunter2-canary";

const RAY = "8f2c3d4e5a6b7c8d-FRA";
export const RAY_OF_ALL = RAY;

const EDGE_HEADERS = { server: "cloudflare", "cf-ray": RAY };

function htmlPage({ status, code, title }: Weather): string {
  const number = code === undefined ? `Error code ${status}` : `Error</span> <span>${code}`;
  return `<!DOCTYPE html><html lang="en-US"><head><title>${title} | home | Cloudflare</title></head><body>
<div id="cf-wrapper"><div id="cf-error-details"><h1><span>${number}</span></h1><h2>${title}</h2><p>${CANARY}</p>
<p>Cloudflare Ray ID: <strong>${RAY.slice(0, 16)}</strong></p></div></div></body></html>`;
}

function jsonPage({ status, code, title }: Weather): string {
  return JSON.stringify({
    type: `https://developers.cloudflare.com/support/troubleshooting/http-status-codes/error-${code ?? status}/`,
    title: `Error ${code ?? status}: ${title}`,
    status,
    detail: CANARY,
    instance: RAY.slice(0, 16),
    error_code: code ?? status,
    ray_id: RAY.slice(0, 16),
    cloudflare_error: true,
    retryable: false,
  });
}

const CLOUDFLARED = `502 Bad Gateway
Unable to reach the origin service. The service may be down or it may not be responding to traffic from cloudflared`;

/** The edge's page for a weather. */
export function pageOf(
  name: WeatherName,
  form: Form,
): { status: number; headers: Record<string, string>; body: string } {
  const weather: Weather = WEATHERS[name];
  const { status, code } = weather;
  const retry = status === 429 ? { "retry-after": "60" } : {};
  const page = (type: string, body: string) => ({
    status,
    headers: { ...EDGE_HEADERS, ...retry, "content-type": type },
    body,
  });
  if (form === "html") return page("text/html; charset=UTF-8", htmlPage(weather));
  if (form === "json") return page("application/json", jsonPage(weather));
  return page("text/plain; charset=UTF-8", status === 502 ? CLOUDFLARED : `error code: ${code ?? status}`);
}

const LOGIN = "https://team.cloudflareaccess.com/cdn-cgi/access/login/pi.example.com?kid=aud&meta=canary";
const FORBIDDEN = "Forbidden. You don't have permission to view this. Please contact your system administrator.";

type Answer = (response: ServerResponse, request: IncomingMessage) => void;

const write =
  (status: number, headers: Record<string, string>, body = ""): Answer =>
  (response) =>
    response.writeHead(status, { ...EDGE_HEADERS, ...headers }).end(body);

const HTML = { "content-type": "text/html; charset=UTF-8" };
const JSON_TYPE = { "content-type": "application/json" };
const CHUNK = "x".repeat(1024 * 1024);

/** How Access refuses, by the application's settings. */
export const ACCESS = {
  "login-page": write(302, { location: LOGIN }),
  "login-path": write(302, { location: "/cdn-cgi/access/login/pi.example.com" }),
  "401-page": write(
    401,
    { ...HTML, "www-authenticate": 'Cloudflare-Access resource_metadata="https://pi"' },
    "<h1>x</h1>",
  ),
  "403-page": write(
    403,
    HTML,
    `<html><title>Forbidden - Cloudflare Access</title><p>${FORBIDDEN} ${CANARY}</p></html>`,
  ),
  "403-header": write(403, { ...HTML, "cf-access-aud": "78cc", "cf-access-domain": "pi.example.com" }, CANARY),
  "403-json": write(
    403,
    JSON_TYPE,
    JSON.stringify({ aud: "78cc", ray_id: RAY, status_code: 403, message: FORBIDDEN, extra: CANARY }),
  ),
  "200-login": write(
    200,
    HTML,
    `<form action="https://team.cloudflareaccess.com/cdn-cgi/access/callback">${CANARY}</form>`,
  ),
} as const satisfies Record<string, Answer>;

/** Other ways in which no home's answer comes. */
export const ODDITIES = {
  challenge: write(403, { ...HTML, "cf-mitigated": "challenge" }, `<title>Just a moment...</title>${CANARY}`),
  "waf-page": write(403, HTML, `<h1>Sorry, you have been blocked</h1><p>You are unable to access home</p>${CANARY}`),
  "custom-530": write(530, JSON_TYPE, '{"message":"A server error occurred."}'),
  "spa-200": write(200, HTML, `<!doctype html><div id="app"></div>${CANARY}`),
  "empty-200": write(200, JSON_TYPE),
  "cut-json": write(200, JSON_TYPE, '{"data":[{"id":1,"na'),
  "broken-off": (response) => {
    response.writeHead(200, { ...EDGE_HEADERS, ...JSON_TYPE, "content-length": "5000" });
    response.write('{"data":[{"id":1,"na', () => response.destroy());
  },
  "wrong-encoding": write(200, { ...JSON_TYPE, "content-encoding": "gzip" }, '{"data":[]}'),
  "unknown-encoding": write(200, JSON_TYPE, "\u0001(\u00b5/\u00fd canary"),
  drip: (response) => {
    response.writeHead(200, { ...EDGE_HEADERS, ...JSON_TYPE });
    const timer = setInterval(() => response.write(" "), 50);
    response.once("close", () => clearInterval(timer));
  },
  oversized: (response) => {
    response.writeHead(200, { ...EDGE_HEADERS, ...JSON_TYPE });
    for (let megabyte = 0; megabyte < 20; megabyte += 1) response.write(CHUNK);
    response.end();
  },
  "to-https": (response, { headers, url = "/" }) =>
    response.writeHead(301, { ...EDGE_HEADERS, location: `https://${headers.host}${url}` }).end(),
  "to-other": write(302, { location: "https://elsewhere.example.org/api?canary" }),
} as const satisfies Record<string, Answer>;

export interface Edge {
  readonly url: string;
  /** Method and path of each request that the home was given. */
  readonly reached: string[];
  /** What all following requests meet; the home itself if it is not said. */
  set(weather?: { name: WeatherName; form: Form } | Answer): void;
  close(): Promise<void>;
}

interface EdgeOptions {
  /** Lets only requests with this Access service token through. */
  readonly serviceToken?: { readonly clientId: string; readonly clientSecret: string };
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let text = "";
  for await (const chunk of request) text += String(chunk);
  return text;
}

/** Starts the edge on a free port of this machine, with a fresh demo home behind it. */
export async function startEdge({ serviceToken }: EdgeOptions = {}): Promise<Edge> {
  const app = createDemoApp({ world: createWorld(Date.now()), dialect: "documented" });
  const reached: string[] = [];
  let weather: { name: WeatherName; form: Form } | Answer | undefined;

  const isLetIn = ({ headers }: IncomingMessage) =>
    serviceToken === undefined ||
    (headers["cf-access-client-id"] === serviceToken.clientId &&
      headers["cf-access-client-secret"] === serviceToken.clientSecret);

  async function home(request: IncomingMessage): Promise<Response> {
    const { url = "/", method = "GET" } = request;
    const body = await bodyOf(request);
    reached.push(`${method} ${url.split("?")[0]}`);
    // Access keeps its token to itself.
    const headers = Object.entries(request.headers)
      .filter(([name]) => !name.startsWith("cf-access-client-"))
      .map(([name, value]): [string, string] => [name, String(value)]);
    return app.request(url, { method, headers, ...(body === "" ? {} : { body }) });
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (!isLetIn(request)) return ACCESS["login-page"](response, request);
    if (typeof weather === "function") return weather(response, request);
    if (weather !== undefined) {
      if (WEATHERS[weather.name].reached) await home(request);
      const page = pageOf(weather.name, weather.form);
      response.writeHead(page.status, page.headers).end(page.body);
      return;
    }
    const own = await home(request);
    response.writeHead(own.status, { ...Object.fromEntries(own.headers), ...EDGE_HEADERS }).end(await own.text());
  }

  const server = createServer((request, response) => void answer(request, response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
  const address = server.address();
  return {
    url: `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`,
    reached,
    set: (next) => {
      weather = next;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
