/** Memory for a tree: its bytes, and numbers about them. */
export interface TreeRoom {
  readonly bytes: Buffer;
  /** The same memory. */
  readonly words: Uint32Array;
  /** Where the room begins in `bytes`, a multiple of 4. */
  readonly at: number;
}

const SLAB = 64 * 1024;
/** Larger ones get memory of their own, which goes with them. */
const SHARED = 4 * 1024;

let current = ownRoom(0);
let used = Infinity;

/** Trees are small and many: memory of its own costs more than a tree's bytes, so they share. */
export function takeRoom(size: number): TreeRoom {
  if (size > SHARED) return ownRoom(size);
  if (used + size > SLAB) [current, used] = [ownRoom(SLAB), 0];
  const room = { bytes: current.bytes, words: current.words, at: used };
  used = aligned(used + size);
  return room;
}

/** Of the room that was taken last only `size` bytes are needed. */
export function keepRoom({ bytes, at }: TreeRoom, size: number): void {
  if (bytes === current.bytes) used = aligned(at + size);
}

function ownRoom(size: number): TreeRoom {
  const bytes = Buffer.allocUnsafeSlow(aligned(size));
  return { bytes, words: new Uint32Array(bytes.buffer), at: 0 };
}

export function aligned(size: number): number {
  return (size + 3) & ~3;
}
