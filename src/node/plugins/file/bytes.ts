import type { FileHandle } from "node:fs/promises";

/** A file with a zero byte near its beginning is not text. */
const LOOKED_AT = 8192;
const PIECE = 64 * 1024;

export const looksBinary = (bytes: Uint8Array): boolean => bytes.subarray(0, LOOKED_AT).includes(0);

/** The pieces of a file, one after the other. */
export async function* piecesOf(handle: FileHandle, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  for (let position = 0; ;) {
    signal.throwIfAborted();
    const { bytesRead, buffer } = await handle.read(Buffer.allocUnsafe(PIECE), 0, PIECE, position);
    if (bytesRead === 0) return;
    position += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}

/** A whole file, or as much of it as `max` bytes. */
export async function readUpTo(handle: FileHandle, max: number, signal: AbortSignal): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  let left = max;
  for await (const piece of piecesOf(handle, signal)) {
    pieces.push(piece.subarray(0, left));
    left -= piece.length;
    if (left <= 0) break;
  }
  return Buffer.concat(pieces);
}
