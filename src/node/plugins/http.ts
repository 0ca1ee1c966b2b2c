import * as z from "zod";
import { definePlugin, definePluginTool, type PluginHost, Refusal, SWITCH } from "../plugin.ts";
import { REMOVED } from "../../lib/secrets.ts";
import { isPublic, isPublicOrLocal } from "./net/addresses.ts";
import { type Answered, ask, textOf } from "./net/ask.ts";

const METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] as const;
const READS: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS"]);

const HeaderName = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,63}$/, "is no header's name in lower case")
  .refine(
    (name) =>
      !/^(?:host|connection|content-length|transfer-encoding|te|upgrade|trailer|expect|keep-alive|proxy-.*)$/.test(
        name,
      ),
    "belongs to the connection",
  );
/** Who may call is for the owner to say, not for the model. */
const OpenHeader = HeaderName.refine(
  (name) => !/^(?:authorization|cookie)$|api-?key|token|secret/.test(name),
  "is a credential: name it in secret_headers",
);

const Host = z.strictObject({
  /** "api.example.com" or "pi.local:8080", exactly. */
  host: z
    .string()
    .max(255)
    .refine(
      (host) => URL.canParse(`https://${host}`) && new URL(`https://${host}`).host === host,
      "is no host such as api.example.com or pi.local:8080",
    ),
  scheme: z.enum(["https", "http"]).default("https"),
  methods: z.array(z.enum(METHODS)).min(1).default(["GET", "HEAD"]),
  /** Beginnings of paths. */
  paths: z.array(z.string().startsWith("/")).min(1).max(64).default(["/"]),
  /** Whether it may lie at a private address. */
  local: z.boolean().default(false),
  /** Headers that callers may send. */
  headers: z
    .array(OpenHeader)
    .max(32)
    .default(["accept", "accept-language", "content-type", "if-none-match", "if-modified-since", "range"]),
  /** Headers with secrets, from variables of the environment. */
  secret_headers: z.record(HeaderName, z.string().regex(/^[A-Z_][A-Z0-9_]*$/)).default({}),
});
type Host = z.output<typeof Host> & { readonly secrets: Readonly<Record<string, string>> };

const HttpSettings = z.strictObject({
  ...SWITCH,
  hosts: z.array(Host).min(1).max(64),
  timeout_seconds: z.number().min(0.1).max(20).default(15),
  max_bytes: z
    .int()
    .min(256)
    .max(1024 * 1024)
    .default(128 * 1024),
  max_body_bytes: z
    .int()
    .min(0)
    .max(4 * 1024 * 1024)
    .default(256 * 1024),
});
type HttpSettings = z.output<typeof HttpSettings>;

const Input = z.strictObject({
  url: z.string().min(1).max(4096).describe("Whole address"),
  method: z.enum(METHODS).default("GET"),
  headers: z
    .record(z.string().max(64), z.string().max(4096))
    .default({})
    .describe("Names in lower case; no credentials"),
  body: z
    .string()
    .max(4 * 1024 * 1024)
    .optional(),
});
type Input = z.output<typeof Input>;

/** Of the answer's headers; others say more of the server than a caller needs. */
const TOLD = [
  "content-type",
  "content-length",
  "content-range",
  "date",
  "etag",
  "last-modified",
  "link",
  "location",
  "retry-after",
];

export const http = definePlugin({
  name: "http",
  about: "Asks HTTP servers that you name, by methods that you allow.",
  settings: HttpSettings,
  async open(settings, host) {
    const hosts = settings.hosts.map((each) => ({ ...each, secrets: secretsOf(each, host) }));
    return { tools: [httpRequest(settings, hosts)], close: async () => undefined };
  },
});

function secretsOf({ host: name, secret_headers }: z.output<typeof Host>, host: PluginHost): Record<string, string> {
  const given = Object.entries(secret_headers).map(([header, variable]) => {
    const value = host.env(variable) ?? "";
    if (value === "")
      throw new Refusal(`The plug-in http wants the header ${header} of ${name} in ${variable}, which is not set.`);
    return [header, value] as const;
  });
  return Object.fromEntries(given);
}

function httpRequest(settings: HttpSettings, hosts: readonly Host[]) {
  const reads = hosts.every(({ methods }) => methods.every((method) => READS.has(method)));
  return definePluginTool({
    capability: {
      name: "http.request",
      title: "Ask an HTTP server",
      description: `Send one HTTP request from the node; redirects are told, not followed. Servers: ${usageOf(hosts)}.`,
      hints: { readOnly: reads, destructive: !reads, idempotent: reads, openWorld: true },
      weight: "light",
    },
    input: Input,
    async run(input, { signal }) {
      const { url, host } = targetOf(input, hosts);
      const body = bodyOf(input, settings.max_body_bytes);
      const answer = await ask({
        url,
        method: input.method,
        headers: { ...headersOf(input, host), ...host.secrets },
        body,
        signal,
        timeoutMs: settings.timeout_seconds * 1000,
        maxBytes: settings.max_bytes,
        mayReach: host.local ? isPublicOrLocal : isPublic,
      });
      return told(url, answer, Object.values(host.secrets));
    },
  });
}

const usageOf = (hosts: readonly Host[]) =>
  hosts
    .map(({ scheme, host, methods }) => `${scheme}://${host} (${methods.join(", ")})`)
    .join("; ")
    .slice(0, 700);

/** Where a request goes. @throws Refusal if the owner has not allowed that */
function targetOf({ url: text, method }: Input, hosts: readonly Host[]): { readonly url: URL; readonly host: Host } {
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol))
    throw new Refusal("url is no http or https address. Nothing was sent.");
  if (url.username !== "" || url.password !== "")
    throw new Refusal("url may hold no name or password. Nothing was sent.");
  const host = hosts.find((each) => `${each.scheme}:` === url.protocol && each.host === url.host);
  if (host === undefined) {
    throw new Refusal(
      `${url.origin} is not among the servers of this node; nothing was sent. Those are: ${usageOf(hosts)}.`,
    );
  }
  if (!host.methods.includes(method)) {
    throw new Refusal(
      `${method} is not allowed at ${url.host}; nothing was sent. Allowed: ${host.methods.join(", ")}.`,
    );
  }
  if (!mayAsk(url.pathname, host.paths)) {
    throw new Refusal(`This path of ${url.host} is not allowed; nothing was sent. Allowed: ${host.paths.join(", ")}.`);
  }
  url.hash = "";
  return { url, host };
}

/** Encoded slashes and dots are read differently by servers, so they lead nowhere where paths are told apart. */
function mayAsk(path: string, allowed: readonly string[]): boolean {
  if (allowed.includes("/")) return true;
  if (/%2e|%2f|%5c|%25|%00|;/i.test(path)) return false;
  return allowed.some((each) => path === each || path.startsWith(each.endsWith("/") ? each : `${each}/`));
}

function headersOf({ headers }: Input, host: Host): Record<string, string> {
  const given = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value] as const);
  const other = given.find(([name]) => !host.headers.includes(name) || Object.hasOwn(host.secrets, name))?.[0];
  if (other !== undefined) {
    throw new Refusal(
      `The header "${other}" is not sent to ${host.host}; nothing was sent. Allowed: ${host.headers.join(", ")}.`,
    );
  }
  if (given.some(([, value]) => /[^\t\x20-\x7e]/.test(value)))
    throw new Refusal("A header's value may hold plain characters only. Nothing was sent.");
  return Object.fromEntries(given);
}

function bodyOf({ body, method }: Input, max: number): string | undefined {
  if (body === undefined) return undefined;
  if (READS.has(method)) throw new Refusal(`A ${method} request has no body. Nothing was sent.`);
  if (Buffer.byteLength(body) > max) throw new Refusal(`The body is longer than ${max} bytes. Nothing was sent.`);
  return body;
}

function told(url: URL, { status, headers, body, truncated }: Answered, secrets: readonly string[]) {
  const text = textOf(body, truncated);
  return {
    url: url.href,
    status,
    headers: Object.fromEntries(
      TOLD.flatMap((name) => (headers[name] === undefined ? [] : [[name, without(String(headers[name]), secrets)]])),
    ),
    ...(text === undefined ? { binary: true, body_base64: body.toString("base64") } : { body: without(text, secrets) }),
    truncated,
    ...(truncated ? { note: "The answer is longer; the rest was not read." } : {}),
  };
}

/** A server may tell what it was sent; of "Bearer abc" also the second word alone. */
function without(text: string, secrets: readonly string[]): string {
  const words = secrets.flatMap((secret) => [secret, secret.replace(/^\w+ +/, "")]);
  return words.reduce((clean, word) => (word.length < 4 ? clean : clean.replaceAll(word, REMOVED)), text);
}
