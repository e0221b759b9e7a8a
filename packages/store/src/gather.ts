/** The whole content if it ends within `most` bytes, else what came so far and the rest as it comes. */
type Gathered =
  | { readonly whole: Uint8Array }
  | { readonly whole: undefined; readonly chunks: AsyncIterable<Uint8Array> };

export async function gather(chunks: AsyncIterable<Uint8Array>, most: number): Promise<Gathered> {
  const iterator = chunks[Symbol.asyncIterator]();
  const first: Uint8Array[] = [];
  for (let length = 0; length <= most;) {
    const next = await iterator.next();
    if (next.done === true) return { whole: Buffer.concat(first) };
    first.push(next.value);
    length += next.value.length;
    if (most === 0) break;
  }
  return { whole: undefined, chunks: resume(first, iterator) };
}

/** Ending it early ends the rest. */
async function* resume(
  first: readonly Uint8Array[],
  iterator: AsyncIterator<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  let ended = false;
  try {
    yield* first;
    for (;;) {
      const next = await iterator.next();
      if (next.done === true) break;
      yield next.value;
    }
    ended = true;
  } finally {
    if (!ended) await iterator.return?.();
  }
}
