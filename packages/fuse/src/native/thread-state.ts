// fuse_thread_locals_t of fuse-native 2.2.6 on x64, the only machine it is built for: eleven words lie before the times.
const ATIME = 104;
const MTIME = 112;

/**
 * The time of modification, in milliseconds, that `utimens` was called with. Undefined when the memory does not hold what
 * it should: the known time of access just before it.
 */
export function modifiedMs(state: Buffer, atimeMs: number): number | undefined {
  if (state.length < MTIME + 8) return undefined;
  if (Number(state.readBigUInt64LE(ATIME)) !== atimeMs) return undefined;
  return Number(state.readBigInt64LE(MTIME));
}
