import * as z from "zod";
import { CallResult } from "./wire/frames.ts";

/** What a node answered, made fit for a client: known kinds of content, and no more of it than a model can read. */

/** Characters of text in one result, about 25,000 tokens. */
export const MAX_TEXT = 100_000;
/** Characters of base64 in one result, about 3 MB. */
export const MAX_BINARY = 4_000_000;

const Mime = z.string().max(120);
const Uri = z.string().max(2048);
const Text = z.object({ type: z.literal("text"), text: z.string() });
const Media = z.object({ type: z.enum(["image", "audio"]), data: z.string(), mimeType: Mime });
const Link = z.object({
  type: z.literal("resource_link"),
  uri: Uri,
  name: z.string().max(200),
  title: z.string().max(200).optional(),
  description: z.string().max(2000).optional(),
  mimeType: Mime.optional(),
});
const TextResource = z.object({ uri: Uri, mimeType: Mime.optional(), text: z.string() });
const BlobResource = z.object({ uri: Uri, mimeType: Mime.optional(), blob: z.string() });
const Embedded = z.object({ type: z.literal("resource"), resource: z.union([TextResource, BlobResource]) });
const Block = z.union([Text, Media, Link, Embedded]);
type Block = z.output<typeof Block>;

export interface Result {
  readonly content: readonly Block[];
  readonly structured: Readonly<Record<string, unknown>> | undefined;
  readonly failed: boolean;
}

const note = (text: string): Block => ({ type: "text", text: `[PiMCP: ${text}]` });
const thousands = (count: number) => count.toLocaleString("en-US");

/** How much of a result is kept, in characters. */
export interface Room {
  readonly text: number;
  readonly binary: number;
}

const CALL_ROOM: Room = { text: MAX_TEXT, binary: MAX_BINARY };
/** What a row of the hub's storage holds, which is 2 MB. */
export const JOB_ROOM: Room = { text: MAX_TEXT, binary: 1_000_000 };

/** What is left of it. */
interface Left {
  text: number;
  binary: number;
}

function cutText(text: string, room: Left): { readonly text: string; readonly left: number } {
  const kept = text.slice(0, room.text);
  room.text -= kept.length;
  // Never half of a pair of surrogates.
  const whole = kept.length < text.length ? kept.replace(/[\uD800-\uDBFF]$/, "") : kept;
  return { text: whole, left: text.length - whole.length };
}

const leftOut = (count: number) =>
  note(`${thousands(count)} more characters of the answer are left out; ask for less at a time.`);

function withText(block: Block, text: string, room: Left, rebuilt: (text: string) => Block): readonly Block[] {
  const { text: kept, left } = cutText(text, room);
  return left === 0 ? [block] : [...(kept === "" ? [] : [rebuilt(kept)]), leftOut(left)];
}

function withBinary(block: Block, data: string, what: string, room: Left): readonly Block[] {
  if (data.length > room.binary) return [note(`${what} of ${thousands(data.length)} characters is left out.`)];
  room.binary -= data.length;
  return [block];
}

function fitBlock(block: Block, room: Left): readonly Block[] {
  if (block.type === "text") return withText(block, block.text, room, (text) => ({ ...block, text }));
  if (block.type === "resource_link") return [block];
  if ("data" in block) return withBinary(block, block.data, `One ${block.type}`, room);
  const { resource } = block;
  if ("blob" in resource) return withBinary(block, resource.blob, "One resource", room);
  return withText(block, resource.text, room, (text) => ({ ...block, resource: { ...resource, text } }));
}

function fit(content: readonly unknown[], room: Left): readonly Block[] {
  return content.flatMap((each) => {
    const block = Block.safeParse(each);
    return block.success
      ? fitBlock(block.data, room)
      : [note("A part of the answer of a kind that is not known is left out.")];
  });
}

/** The answer of a node; `undefined` if it is no result of a tool. */
export function resultOf(value: unknown, room: Room = CALL_ROOM): Result | undefined {
  const parsed = CallResult.safeParse(value);
  if (!parsed.success) return undefined;
  const { content, structuredContent, isError } = parsed.data;
  const blocks = fit(content, { ...room });
  const size = structuredContent === undefined ? 0 : JSON.stringify(structuredContent).length;
  if (size <= MAX_TEXT) return { content: blocks, structured: structuredContent, failed: isError === true };
  return { content: [...blocks, leftOut(size)], structured: undefined, failed: isError === true };
}
