/** What a Git LFS pointer file stands for. */
export interface LfsPointer {
  /** SHA-256 of the content, 64 lower-case hex digits. No git object id. */
  readonly oid: string;
  /** Bytes. */
  readonly size: number;
}

/** Pointers are smaller than this (Git LFS specification); larger contents need not be looked at. */
const LIMIT = 1024;
const POINTER =
  /^version https:\/\/git-lfs\.github\.com\/spec\/v1\n(?:ext-[^\n]*\n)*oid sha256:([0-9a-f]{64})\nsize (\d{1,16})\n?$/;

/**
 * Reads a pointer file's content; undefined for any other content. The server serves pointers as they are, in listings and
 * contents alike (mega: 3.6), and so does whoever mounts it: sizes and ids in trees are those of the pointer.
 */
export function parseLfsPointer(content: Uint8Array): LfsPointer | undefined {
  if (content.length >= LIMIT) return undefined;
  const match = POINTER.exec(Buffer.from(content).toString('latin1'));
  const size = Number(match?.[2]);
  return match?.[1] === undefined || !Number.isSafeInteger(size)
    ? undefined
    : { oid: match[1], size };
}
