import { lineTracer, type MountOptions } from '@scorpiofs/fuse';
import type { Fields } from '../log/log-line.js';
import type { Logging } from '../log/logger.js';

const REQUESTS = 'rfuse3::raw::logfs';

function text(value: unknown): string | number | undefined {
  if (typeof value === 'string' || typeof value === 'number' || value === undefined) return value;
  return value instanceof Error ? (value.stack ?? value.message) : JSON.stringify(value);
}

/** Lines of this kind in a second; a walk over what cannot be had would fill the log with one for each file. */
const FAILURES_PER_SECOND = 3;

const HINTS: ReadonlyMap<unknown, string> = new Map([
  [28, 'make room on the file system of store_path, or set store_quota_bytes'],
  [110, 'the server did not answer in time: `scorpio doctor` shows what answers'],
  [5, 'what was stored is served; see the reason, and `scorpio doctor` for the server'],
]);

/** How a mount logs: what must not happen as warnings, each request only where somebody wants to see it (LOG-08). */
export function fuseLog(logging: Pick<Logging, 'for'>): Pick<MountOptions, 'log' | 'trace'> {
  const log = logging.for('scorpiofs::server');
  const requests = logging.for(REQUESTS);
  let [second, said, left] = [0, 0, 0];
  /** Whether this failure is still said; those that are not are counted in the next one that is. */
  const isSaid = (): boolean => {
    const now = Math.floor(Date.now() / 1000);
    if (now !== second) [second, said] = [now, 0];
    said += 1;
    if (said <= FAILURES_PER_SECOND) return true;
    left += 1;
    return false;
  };
  return {
    log: (event, fields) => {
      const failed = event === 'fuse.failed';
      if (failed && !isSaid()) return;
      const shown: Fields = Object.fromEntries(
        Object.entries(fields).map(([k, v]) => [k, text(v)]),
      );
      if (!failed) return log.warn(event, shown);
      // A user's read failed for good.
      const unsaid = left > 0 ? { unsaid: left } : {};
      left = 0;
      log.error(event, { ...shown, ...unsaid, hint: HINTS.get(fields['errno']) });
    },
    ...(requests.enabled('debug') && { trace: lineTracer((line) => requests.debug(line)) }),
  };
}
