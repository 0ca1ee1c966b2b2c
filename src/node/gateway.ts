import { readFileSync } from "node:fs";
import { type IncomingMessage, request as plainRequest } from "node:http";
import { request as tlsRequest } from "node:https";
import * as z from "zod";
import { parsedJson } from "../lib/json.ts";
import { sentences } from "../lib/sentence.ts";
import type { Certificate } from "./joined.ts";
import { Trouble, whyOf } from "./sentences.ts";

/** How long a gateway may take to answer, in milliseconds. */
const ANSWER_MS = 20_000;
/** More than this is no answer of ours, in bytes. */
const MAX_ANSWER = 64 * 1024;

const LOOPBACK = /^(?:localhost|127(?:\.\d+){3}|\[::1\])$/;

/**
 * Origin of a gateway, from what a person typed; its `/mcp` address will do, too.
 * @throws Trouble if it is no address, or one on which others could listen
 */
export function gatewayOrigin(typed: string): string {
  const url = URL.parse(typed);
  const example = "such as https://pimcp.example.com";
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw new Trouble(`"${typed}" is no address of a gateway. Give it with https, ${example}.`);
  }
  if (url.protocol === "http:" && !LOOPBACK.test(url.hostname)) {
    throw new Trouble(
      `${url.origin} is plain http: whoever listens on the way could read and change all that passes. Use https; http is taken only for this computer itself (http://localhost:8788).`,
    );
  }
  if (url.username !== "" || !/^\/(?:mcp(?:\/.*)?)?$/.test(url.pathname)) {
    throw new Trouble(`"${typed}" has more than a gateway's address. Give it alone, ${example}.`);
  }
  return url.origin;
}

function pem(what: string, path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw new Trouble(`The ${what} for mTLS cannot be read: ${whyOf(error)}.`);
  }
}

/** What TLS is told: the node's certificate, where the gateway asks for one. @throws Trouble if a file cannot be read */
export function tlsOf(certificate: Certificate | undefined): { cert?: string; key?: string; ca?: string } {
  if (certificate === undefined) return {};
  return {
    cert: pem("certificate", certificate.cert),
    key: pem("certificate's key", certificate.key),
    ...(certificate.ca === undefined ? {} : { ca: pem("authority's certificate", certificate.ca) }),
  };
}

/** The text of an answer; what is too long is cut off. */
export function bodyOf(answer: IncomingMessage): Promise<string> {
  return new Promise((resolve) => {
    let text = "";
    answer.setEncoding("utf8");
    answer.on("data", (data: string) => {
      text += data;
      if (text.length > MAX_ANSWER) answer.destroy();
    });
    answer.once("close", () => resolve(text));
    answer.once("error", () => resolve(text));
  });
}

const Refused = z.object({ message: z.string(), suggestions: z.array(z.string()).default([]) });

/** What a gateway said when it refused, in its own words where it has some. */
export function refusalOf(status: number, body: string): string {
  return ownWords(body) ?? `It answered ${status}, and not as a PiMCP gateway does. Check the address.`;
}

/** What a gateway's refusal says; `undefined` if it is none, and something else has answered. */
export function ownWords(body: string): string | undefined {
  const fault = Refused.safeParse(parsedJson(body));
  return fault.success ? sentences(fault.data.message, ...fault.data.suggestions) : undefined;
}

/**
 * Posts JSON to the gateway. Redirects are not followed.
 * @throws Trouble if no answer came
 */
export function post(
  url: string,
  value: unknown,
  certificate: Certificate | undefined,
): Promise<{ readonly status: number; readonly body: string }> {
  const body = JSON.stringify(value);
  const headers = { "content-type": "application/json", "content-length": Buffer.byteLength(body) };
  const tls = tlsOf(certificate);
  return new Promise((resolve, reject) => {
    const onAnswer = (answer: IncomingMessage) => {
      void bodyOf(answer).then((text) => resolve({ status: answer.statusCode ?? 0, body: text }));
    };
    const options = { method: "POST", headers, timeout: ANSWER_MS };
    const asked = url.startsWith("https:")
      ? tlsRequest(url, { ...options, ...tls }, onAnswer)
      : plainRequest(url, options, onAnswer);
    asked.once("timeout", () => asked.destroy(new Error(`no answer within ${ANSWER_MS / 1000} s`)));
    asked.once("error", (error) => {
      const { origin } = new URL(url);
      if ("code" in error && error.code === "EPROTO") {
        reject(new Trouble(`${origin} does not speak https there. Check the address and its port.`));
        return;
      }
      reject(new Trouble(`${origin} was not reached: ${whyOf(error)}. Check the address and this computer's network.`));
    });
    asked.end(body);
  });
}
