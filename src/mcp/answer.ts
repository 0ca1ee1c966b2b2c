import type { CallPoint } from "../contract/observation.ts";

/** What a session answers, with what was seen of its calls until then. */
export type SessionAnswer = WholeAnswer | StreamedAnswer;

/** As plain data: to carry a `Response` from an object costs a stream of messages for its body. */
export interface WholeAnswer {
  readonly status: number;
  /** Names in small letters. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | null;
  readonly points: readonly CallPoint[];
}

/** Only where events follow as they come. */
interface StreamedAnswer {
  readonly stream: Response;
  readonly points: readonly CallPoint[];
}

/** An answer without calls. */
export const wholeAnswer = (
  status: number,
  headers: WholeAnswer["headers"] = {},
  body: string | null = null,
): WholeAnswer => ({ status, headers, body, points: [] });

/** An answer in JSON, without calls. */
export const jsonAnswer = (status: number, value: unknown): WholeAnswer =>
  wholeAnswer(status, { "content-type": "application/json" }, JSON.stringify(value));

const isStream = ({ headers }: Response) => headers.get("content-type")?.includes("text/event-stream") === true;

/** Reads an answer to its end, unless events follow as they come. */
export async function answerOf(response: Response): Promise<SessionAnswer> {
  if (isStream(response)) return { stream: response, points: [] };
  const { status, headers, body } = response;
  return wholeAnswer(status, Object.fromEntries(headers), body === null ? null : await response.text());
}

export const statusOf = (answer: SessionAnswer): number => ("stream" in answer ? answer.stream.status : answer.status);

/** A header of an answer; its name in small letters. */
export function headerOf(answer: SessionAnswer, name: string): string | null {
  if ("stream" in answer) return answer.stream.headers.get(name);
  return answer.headers[name] ?? null;
}

/** An answer as an HTTP response. @param more headers beside its own */
export function responseOf(answer: SessionAnswer, more: Readonly<Record<string, string>> = {}): Response {
  if (!("stream" in answer)) {
    const { status, headers, body } = answer;
    return new Response(body, { status, headers: { ...headers, ...more } });
  }
  const headers = new Headers(answer.stream.headers);
  for (const [name, value] of Object.entries(more)) headers.set(name, value);
  return new Response(answer.stream.body, { status: answer.stream.status, headers });
}
