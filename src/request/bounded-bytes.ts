/**
 * Reads a stream of bytes, but no more than `bytesMax` of them: null where there are more. It stops where the declared
 * length is reached (RFC 9112 section 6.2): another read would only cost time.
 * @throws what the stream does when it breaks
 */
export async function readBoundedBytes(
  stream: ReadableStream<Uint8Array> | null,
  bytesMax: number,
  declaredLength = Number.NaN,
): Promise<Uint8Array | null> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  const reader = stream?.getReader();
  while (reader) {
    const { done, value } = await reader.read();
    if (done) break;
    length += value.length;
    if (length > bytesMax) {
      await reader.cancel().catch(() => undefined); // the answer is the same if the other side has gone
      return null;
    }
    chunks.push(value);
    if (length === declaredLength) break;
  }
  return concatenate(chunks, length);
}

function concatenate(chunks: readonly Uint8Array[], length: number): Uint8Array {
  const [first] = chunks;
  // Usually there is one chunk and nothing to copy.
  if (first !== undefined && first.length === length) return first;
  const bytes = new Uint8Array(length);
  let offset = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, offset);
    offset += chunk.length;
  }
  return bytes;
}
