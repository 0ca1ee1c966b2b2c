import * as z from "zod";
import { parsedJson } from "../../../lib/json.ts";
import { REMOVED, withoutSecrets } from "../../../lib/secrets.ts";
import { Failure } from "../../plugin.ts";
import { type Answered, ask, type Asked } from "../net/ask.ts";

/** An OpenAI-compatible server. */
export interface AiServer {
  readonly url: string;
  readonly key: string | undefined;
}

const Trouble = z.object({ error: z.union([z.string(), z.object({ message: z.string() })]) });

/**
 * Posts to one of its routes.
 * @throws Failure in the server's own words; the signal's reason
 */
export async function post(
  { url, key }: AiServer,
  route: string,
  body: unknown,
  more: Pick<Asked, "signal" | "timeoutMs" | "maxBytes" | "onPiece">,
): Promise<Answered> {
  const answer = await ask({
    url: new URL(`${url}${route}`),
    method: "POST",
    headers: { "content-type": "application/json", ...(key === undefined ? {} : { authorization: `Bearer ${key}` }) },
    body: JSON.stringify(body),
    ...more,
  });
  if (answer.status === 200) return answer;
  const told = Trouble.safeParse(parsedJson(answer.body.toString("utf8"))).data?.error;
  const words = typeof told === "object" ? told.message : (told ?? "it does not say why");
  throw new Failure(
    `The model's server answers ${answer.status}: ${withoutSecrets(without(words, key)).slice(0, 300)}`,
  );
}

/** A server may tell what it was sent. */
const without = (words: string, key: string | undefined) =>
  key === undefined ? words : words.replaceAll(key, REMOVED);
