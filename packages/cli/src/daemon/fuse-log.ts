import { lineTracer, type MountOptions } from '@scorpiofs/fuse';
import type { Fields } from '../log/log-line.js';
import type { Logging } from '../log/logger.js';

const REQUESTS = 'rfuse3::raw::logfs';

function text(value: unknown): string | number | undefined {
  if (typeof value === 'string' || typeof value === 'number' || value === undefined) return value;
  return value instanceof Error ? (value.stack ?? value.message) : JSON.stringify(value);
}

/** How a mount logs: what must not happen as warnings, each request only where somebody wants to see it (LOG-08). */
export function fuseLog(logging: Logging): Pick<MountOptions, 'log' | 'trace'> {
  const log = logging.for('scorpiofs::server');
  const requests = logging.for(REQUESTS);
  return {
    log: (event, fields) => {
      const shown: Fields = Object.fromEntries(
        Object.entries(fields).map(([k, v]) => [k, text(v)]),
      );
      log.warn(event, shown);
    },
    ...(requests.enabled('debug') && { trace: lineTracer((line) => requests.debug(line)) }),
  };
}
