import { request as plainRequest, Agent as PlainAgent, type IncomingMessage } from "node:http";
import { Agent, request as tlsRequest } from "node:https";
import { Fault } from "../lib/errors.ts";
import type { Fetch } from "../pi/request.ts";

/** Whose certificates are believed. */
export interface Trust {
  /** Certificates of authorities in PEM form, believed in place of the public ones. */
  readonly ca: string | undefined;
  /** Whether certificates are looked at at all. */
  readonly verify: boolean;
}

/** What a certificate may have against it, by the code of Node and OpenSSL. */
const CERTIFICATE_TROUBLE: Readonly<Record<string, string>> = {
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "is signed by an authority that this computer does not know",
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: "is signed by an authority that this computer does not know",
  SELF_SIGNED_CERT_IN_CHAIN: "is signed by an authority that this computer does not know",
  DEPTH_ZERO_SELF_SIGNED_CERT: "is signed by itself",
  CERT_SIGNATURE_FAILURE: "is signed by another authority than the one that was set",
  CERT_HAS_EXPIRED: "has expired",
  CERT_NOT_YET_VALID: "is not valid yet",
  ERR_TLS_CERT_ALTNAME_INVALID: "is for another host name",
};

/** Statuses whose answers have no body. */
const BODILESS: ReadonlySet<number> = new Set([101, 204, 205, 304]);

function troubleOf(error: unknown, url: string): unknown {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  const trouble = CERTIFICATE_TROUBLE[code];
  if (trouble === undefined) return error;
  return new Fault("connection_failed", `The certificate of ${new URL(url).host} ${trouble}. Nothing was sent.`, {
    suggestions: [
      "Set PI_CONTROLLER_TLS_CA_CERT to the file of the authority that signed it, and check its host names.",
    ],
    details: { originalError: code },
  });
}

/** The body as the platform's stream; who reads it stops at a limit, so it need not be held back. */
function bodyOf(answer: IncomingMessage): ReadableStream {
  return new ReadableStream<Uint8Array>({
    start(controller) {
      answer.on("data", (chunk: Buffer) => controller.enqueue(chunk));
      answer.once("end", () => controller.close());
      answer.once("error", (error) => controller.error(error));
    },
    cancel() {
      answer.removeAllListeners("data");
      answer.destroy();
    },
  });
}

function responseOf(answer: IncomingMessage): Response {
  const headers = new Headers();
  for (const [name, value] of Object.entries(answer.headersDistinct)) {
    for (const each of value ?? []) headers.append(name, each);
  }
  const status = answer.statusCode ?? 502;
  if (BODILESS.has(status)) {
    answer.resume();
    return new Response(null, { status, headers });
  }
  return new Response(bodyOf(answer), { status, headers });
}

/**
 * The way to a home on the same network. Node's own `fetch` cannot be told to believe a certain authority.
 *
 * Redirects are not followed, cookies are not kept. Rejects with a Fault if the home's certificate is not believed.
 */
export function wayWith({ ca, verify }: Trust): Fetch {
  // A connection for each request: one that is kept may be closed just as a write goes out, which is then in doubt.
  const tls = new Agent({ keepAlive: false, rejectUnauthorized: verify, ...(ca === undefined ? {} : { ca }) });
  const plain = new PlainAgent({ keepAlive: false });
  return (url, { method = "GET", headers, body, signal }) =>
    new Promise((resolve, reject) => {
      if (typeof body !== "string" && body !== undefined) throw new TypeError("only text is sent to a home");
      const options = {
        method,
        headers: {
          ...Object.fromEntries(new Headers(headers)),
          ...(body === undefined ? {} : { "content-length": String(Buffer.byteLength(body)) }),
        },
        ...(signal === undefined || signal === null ? {} : { signal }),
      };
      const onAnswer = (answer: IncomingMessage) => resolve(responseOf(answer));
      const asked = url.startsWith("https:")
        ? tlsRequest(url, { ...options, agent: tls }, onAnswer)
        : plainRequest(url, { ...options, agent: plain }, onAnswer);
      asked.once("error", (error) => reject(troubleOf(error, url)));
      asked.end(body);
    });
}
