import { readMessage } from "../lib/read-capped.ts";
import { CAPS } from "../limits/table.ts";
import { rpcError } from "./rpc-error.ts";

/** How a JSON text is built: its deepest nesting, and how many commas separate the parts of its outermost list. */
interface Shape {
  readonly depth: number;
  readonly commas: number;
}

/** The index of the quote that ends a string which begins at `start`. */
function endOfString(text: string, start: number): number {
  let at = start + 1;
  while (at < text.length && text[at] !== '"') at += text[at] === "\\" ? 2 : 1;
  return at;
}

/** Looks at brackets alone, before anything is built of a text: it may be nested as deep as it is long. */
function shapeOf(text: string): Shape {
  let level = 0;
  let depth = 0;
  let commas = 0;
  for (let at = 0; at < text.length; at += 1) {
    const sign = text[at];
    if (sign === '"') at = endOfString(text, at);
    else if (sign === "[" || sign === "{") depth = Math.max(depth, (level += 1));
    else if (sign === "]" || sign === "}") level -= 1;
    else if (sign === "," && level === 1) commas += 1;
  }
  return { depth, commas };
}

/** Why a text is not looked at more closely; `undefined` if it is. */
function refusalOf(text: string): Response | undefined {
  const { depth, commas } = shapeOf(text);
  if (depth > CAPS.depth.limit) {
    return rpcError(400, -32600, `The message is nested deeper than ${CAPS.depth.limit} levels.`);
  }
  const isBatch = text.trimStart().startsWith("[");
  if (isBatch && commas >= CAPS.batch.limit) {
    return rpcError(400, -32600, `A batch has at most ${CAPS.batch.limit} messages. None of these was carried out.`);
  }
  return undefined;
}

/** The text of a request's body, or the refusal of one that is too large, too deep or no text. */
export async function readBody(request: Request): Promise<string | Response> {
  try {
    const text = await readMessage(request, CAPS.mcpBody.limit, true);
    if (text === undefined) return rpcError(413, -32600, `The body is larger than ${CAPS.mcpBody.limit / 1024} KiB.`);
    return refusalOf(text) ?? text;
  } catch (error) {
    if (error instanceof TypeError) return rpcError(400, -32700, "Parse error: the body is not UTF-8.");
    throw error;
  }
}
