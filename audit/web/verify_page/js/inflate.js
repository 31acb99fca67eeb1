/* Decompression with a limit, by the browser's own DecompressionStream: a bomb is stopped where it passes its size. */
import { concat } from "./bytes.js";

/** Inflate to at most `most` bytes: the bytes, or null where they are more, cut off or no such stream.
    `format` is "deflate-raw" (zip) or "deflate" (PDF). */
export async function inflate(bytes, format, most) {
  const reader = new Blob([bytes]).stream().pipeThrough(new DecompressionStream(format)).getReader();
  const parts = [];
  let length = 0;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return concat(...parts);
      length += value.length;
      if (length > most) {
        await reader.cancel();
        return null;
      }
      parts.push(value);
    }
  } catch {
    return null;
  }
}
