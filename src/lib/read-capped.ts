/**
 * Reads a body as text.
 * @param max the most bytes that are read; counted after decompression, whatever Content-Length claims
 * @returns `undefined` if there is more, which is then not read
 */
export async function readCapped(body: ReadableStream | null, max: number): Promise<string | undefined> {
  if (body === null) return "";
  const reader = body.getReader();
  const decoder = new TextDecoder();
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
