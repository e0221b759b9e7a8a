/** A stream cut at the given places; the pieces together are the whole. */
export async function* cut(whole: Buffer, places: readonly number[]): AsyncGenerator<Buffer> {
  await Promise.resolve();
  const sorted = [...new Set(places.map((place) => place % (whole.length + 1)))];
  sorted.sort((a, b) => a - b);
  let from = 0;
  for (const to of [...sorted, whole.length]) {
    yield whole.subarray(from, to);
    from = to;
  }
}
