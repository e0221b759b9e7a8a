import type { StatfsReply } from '@scorpiofs/fuse';

/** fs: D-13. Nobody knows how large a monorepo is; programs that check for room want plausible numbers. */
export const STATFS: StatfsReply = {
  blocks: 1_048_576n,
  bfree: 524_288n,
  bavail: 524_288n,
  files: 100_000n,
  ffree: 99_000n,
  bsize: 4096,
  frsize: 4096,
  namelen: 255,
};
