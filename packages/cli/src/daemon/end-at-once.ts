import type { Config } from '@scorpiofs/config';
import { readMountTable } from '@scorpiofs/fuse';
import { isInPlace } from '../doctor/own-mounts.js';
import { EXIT } from '../exit-codes.js';
import type { Logging } from '../log/logger.js';

/** What cannot be taken away in this time stays. */
const LIMIT_MS = 1000;

/** What a second signal does (K-20): takes away what goes at once, says what stays mounted, and ends with 1. */
export function endAtOnce(
  config: Config,
  logging: Logging,
  unmount: () => Promise<unknown> | undefined = () => undefined,
): () => void {
  const log = logging.for('scorpiofs::cli');
  const end = async (): Promise<void> => {
    const late = new Promise<boolean>((resolve) => setTimeout(() => resolve(true), LIMIT_MS));
    const done = Promise.resolve(unmount()).then(
      () => false,
      () => false,
    );
    const limit = (await Promise.race([done, late])) ? { limit_ms: LIMIT_MS } : {};
    // The table alone is read: nothing of what is mounted is touched.
    for (const { mountpoint } of (await readMountTable()).filter(isInPlace(config)))
      log.warn('left mounted; the next start takes it away', { mountpoint, ...limit });
    await logging.drain(LIMIT_MS / 2);
  };
  return () => {
    // Whatever the kernel does.
    setTimeout(() => process.exit(EXIT.other), 2 * LIMIT_MS);
    void end().finally(() => process.exit(EXIT.other));
  };
}
