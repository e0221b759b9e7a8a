import { dirname, join } from 'node:path';
import type { Config } from '@scorpiofs/config';
import { listenSocket, type SocketListening } from '@scorpiofs/http-api';
import { explain } from '../command-error.js';
import type { Log } from '../log/logger.js';

type App = Parameters<typeof listenSocket>[0];

/** Where a daemon of this configuration listens on this host. */
export function socketPath(config: Config, program: 'scorpio' | 'antares'): string {
  const { http_socket, antares_state_file } = config.values;
  return program === 'scorpio' && http_socket !== undefined
    ? http_socket
    : join(dirname(antares_state_file), `${program}.sock`);
}

/** A daemon without its socket still serves its address. */
export async function openSocket(
  app: App,
  path: string,
  log: Log,
): Promise<SocketListening | undefined> {
  try {
    return await listenSocket(app, path);
  } catch (error) {
    log.warn('no socket for the command line', { reason: explain(error).message });
    return undefined;
  }
}
