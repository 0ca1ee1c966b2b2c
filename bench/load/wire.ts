import { Agent, type IncomingHttpHeaders, request } from "node:http";
import { z } from "zod";

/** How the clients speak: MCP over plain HTTP, on few connections. */

/** Longer than any call of the gateway's own time limits. */
const TIMEOUT_MS = 45_000;
/** Free connections are given up before `wrangler dev` closes them, perhaps just when they are used again. */
const FREE_MS = 3000;
const CONNECTIONS = 64;

/** One HTTP answer. */
interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

/** What came of a JSON-RPC request. */
export type Outcome =
  | { readonly kind: "result"; readonly value: unknown; readonly headers: IncomingHttpHeaders }
  /** A failure that the caller can act on, as the gateway words it. */
  | {
      readonly kind: "fault";
      readonly type: string;
      readonly message: string;
      readonly confirmToken?: string | undefined;
    }
  | { readonly kind: "refused"; readonly status: number; readonly message: string }
  /** No answer came. */
  | { readonly kind: "lost"; readonly message: string };

export type Headers = Readonly<Record<string, string>>;

const Rpc = z.object({
  result: z.unknown().optional(),
  error: z.object({ code: z.number(), message: z.string(), data: z.unknown().optional() }).optional(),
});
const Fault = z
  .object({ type: z.string(), message: z.string(), confirm_token: z.string().optional() })
  .transform(({ type, message, confirm_token: confirmToken }) => ({ type, message, confirmToken }));
const Failed = z.object({ isError: z.literal(true), content: z.tuple([z.object({ text: z.string() })]) });

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The JSON-RPC answer, whether it came as JSON or as the last event of a stream. */
function messageOf({ headers, text }: Answer): unknown {
  if (headers["content-type"]?.startsWith("text/event-stream") !== true) return parsed(text);
  const line = text.split("\n").findLast((each) => each.startsWith("data: {"));
  return parsed(line?.slice("data: ".length) ?? "");
}

function outcomeOf(answer: Answer): Outcome {
  const { result, error } = Rpc.safeParse(messageOf(answer)).data ?? {};
  if (error !== undefined) {
    const fault = Fault.safeParse(error.data).data;
    if (fault !== undefined) return { kind: "fault", ...fault };
    return { kind: "refused", status: answer.status, message: `${error.code} ${error.message}` };
  }
  if (answer.status !== 200 || result === undefined) {
    return { kind: "refused", status: answer.status, message: answer.text.slice(0, 200) };
  }
  const failed = Failed.safeParse(result).data;
  if (failed === undefined) return { kind: "result", value: result, headers: answer.headers };
  const [{ text }] = failed.content;
  const fault = Fault.safeParse(parsed(text)).data ?? { type: "unworded", message: text.slice(0, 200) };
  return { kind: "fault", ...fault };
}

/** The way to the gateway, which all clients share. */
export class Wire {
  readonly #url: URL;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS, timeout: FREE_MS });

  constructor(url: string) {
    this.#url = new URL(url);
  }

  #send(method: string, path: string, headers: Headers, body = ""): Promise<Answer> {
    const { host, port } = this.#url;
    return new Promise((resolve, reject) => {
      const options = {
        agent: this.#agent,
        host: "127.0.0.1",
        port,
        path,
        method,
        timeout: TIMEOUT_MS,
        headers: { host, ...headers, "content-length": Buffer.byteLength(body) },
      };
      const sent = request(options, (response) => {
        let text = "";
        response.setEncoding("utf8");
        response.on("data", (chunk: string) => (text += chunk));
        response.once("error", reject);
        response.once("end", () => resolve({ status: response.statusCode ?? 0, headers: response.headers, text }));
      });
      sent.once("timeout", () => sent.destroy(new Error(`no answer within ${TIMEOUT_MS} ms`)));
      sent.once("error", reject);
      sent.end(body);
    });
  }

  /** Sends a JSON-RPC request. */
  async ask(path: string, headers: Headers, method: string, params: object): Promise<Outcome> {
    try {
      const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method, params });
      return outcomeOf(await this.#send("POST", path, headers, body));
    } catch (error) {
      return { kind: "lost", message: String(error) };
    }
  }

  /** Sends what has no JSON-RPC answer: a notification, or the end of a session. @returns the HTTP status; 0: none came */
  async tell(path: string, headers: Headers, body?: object): Promise<number> {
    try {
      const text = body === undefined ? undefined : JSON.stringify({ jsonrpc: "2.0", ...body });
      return (await this.#send(text === undefined ? "DELETE" : "POST", path, headers, text)).status;
    } catch {
      return 0;
    }
  }

  close(): void {
    this.#agent.destroy();
  }
}
