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
  const decoder = new TextDecoder("utf-8", { fatal, ignoreBOM: false });
  let text = "";
  let bytes = 0;
  for (;;) {
    const result = await reader.read();
    if (result.done) return text + decoder.decode();
    const chunk: unknown = result.value;
    if (!(chunk instanceof Uint8Array)) throw new TypeError("a body's chunk is not bytes");
    bytes += chunk.byteLength;
    if (bytes > max) {
      await reader.cancel();
      return undefined;
    }
    text += decoder.decode(chunk, { stream: true });
  }
}
