import type { Config } from '@scorpiofs/config';
import { readMountTable } from '@scorpiofs/fuse';
import { isInPlace } from '../doctor/own-mounts.js';
import { EXIT } from '../exit-codes.js';
import type { Logging } from '../log/logger.js';

/** The process ends after this much, whatever the kernel does. */
const AT_ONCE_MS = 1000;

/** What a second signal does (K-20): takes away what goes at once, says what stays mounted, and ends with 1. */
export function endAtOnce(
  config: Config,
  logging: Logging,
  unmount: () => Promise<unknown> | undefined = () => undefined,
): () => void {
  const end = async (): Promise<void> => {
    await unmount()?.catch(() => {});
    // The table alone is read: nothing of what is mounted is touched.
    const left = (await readMountTable()).filter(isInPlace(config));
    for (const { mountpoint } of left)
      logging
        .for('scorpiofs::cli')
        .warn('left mounted; the next start takes it away', { mountpoint });
    await logging.drain(AT_ONCE_MS / 2);
  };
  return () => {
    setTimeout(() => process.exit(EXIT.other), AT_ONCE_MS);
    void end().finally(() => process.exit(EXIT.other));
  };
}
