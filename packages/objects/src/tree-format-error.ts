/** Bytes that are no git tree: cut off in the middle of an entry, or with a mode that git does not know. */
export class TreeFormatError extends Error {
  override readonly name = 'TreeFormatError';

  constructor(
    /** Byte offset of the entry that could not be read. */
    readonly offset: number,
    reason: string,
  ) {
    super(`not a git tree: ${reason} at byte ${offset}`);
  }
}
