/**
 * Reads a body as text.
 * @param max the most bytes that are read; counted after decompression, whatever Content-Length claims
 * @param fatal whether bytes that are not UTF-8 are an error, and not replaced
 * @returns `undefined` if there is more, which is then not read
 * @throws TypeError if `fatal` and the bytes are not UTF-8
 */
export async function readCapped(body: ReadableStream | null, max: number, fatal = false): Promise<string | undefined> {
  if (body === null) return "";
  const reader = body.getReader();
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for (;;) {
    const result = await reader.read();
    if (result.done) break;
    const chunk: unknown = result.value;
    if (!(chunk instanceof Uint8Array)) throw new TypeError("a body's chunk is not bytes");
    bytes += chunk.byteLength;
    if (bytes > max) {
      await reader.cancel();
      return undefined;
    }
    chunks.push(chunk);
  }
  return textOf(chunks, fatal);
}

/** A small body comes as one chunk, and is decoded in one go. */
function textOf(chunks: readonly Uint8Array[], fatal: boolean): string {
  const decoder = new TextDecoder("utf-8", { fatal, ignoreBOM: false });
  const [only, ...more] = chunks;
  if (more.length === 0) return decoder.decode(only);
  return chunks.map((chunk) => decoder.decode(chunk, { stream: true })).join("") + decoder.decode();
}

/** The bytes that a message says it has, where they are the bytes that are read: not those of one that is unpacked first. */
function claimedBytes({ headers }: Request | Response): number {
  const length = headers.get("content-length");
  if (length === null || !/^\d{1,15}$/.test(length) || headers.has("content-encoding")) return Number.POSITIVE_INFINITY;
  return Number(length);
}

/**
 * Reads a message as text, as `readCapped` does. One that says that it is small enough is read in one go, which takes a
 * quarter of the time: HTTP holds it to its word, and if something else does not, it is counted all the same.
 */
export async function readMessage(
  message: Request | Response,
  max: number,
  fatal = false,
): Promise<string | undefined> {
  if (claimedBytes(message) > max) return readCapped(message.body, max, fatal);
  const bytes = new Uint8Array(await message.arrayBuffer());
  return bytes.byteLength > max ? undefined : textOf([bytes], fatal);
}
