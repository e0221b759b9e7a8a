import {
  formatAddress,
  parseAddress,
  prepareDirectories,
  type Address,
  type Config,
} from '@scorpiofs/config';
import { daemonApp, listen, type Listening, type SocketListening } from '@scorpiofs/http-api';
import type { MegaClient } from '@scorpiofs/mega-client';
import { Store } from '@scorpiofs/store';
import { CommandError, explain, withExit } from '../command-error.js';
import { endAtOnce } from '../daemon/end-at-once.js';
import { openClient } from '../daemon/open-client.js';
import { daemonSamples } from '../daemon/samples.js';
import type { StopSignals } from '../daemon/stop-signals.js';
import { EXIT, type ExitCode } from '../exit-codes.js';
import type { Logging } from '../log/logger.js';
import { packageVersion } from '../version.js';
import { endViews } from './end-views.js';
import { noEngine, openAntares, starting, type AntaresPart } from './open-antares.js';
import { openSocket, socketPath } from './socket.js';

/** Milliseconds for requests under way at the end (spec §2.4). */
const CLOSE_MS = 10_000;
/** How often a daemon without an address looks whether it has a job left. */
const LOOK_MS = 200;

export interface AntaresDaemon {
  readonly config: Config;
  readonly logging: Logging;
  readonly stop: StopSignals;
  /** Absent: the socket alone, and the end comes with the last job. */
  readonly address: Address | undefined;
  /** Everything is there; a job may be asked for. */
  readonly ready?: (part: AntaresPart) => Promise<void>;
}

interface Parts {
  http?: Listening;
  socket?: SocketListening | undefined;
  store?: Store;
  client?: MegaClient;
  part?: AntaresPart;
}

/** A daemon that only makes views, from start to end: `antares serve`, and the one that `mount` starts. Throws `CommandError`. */
export async function antaresDaemon(daemon: AntaresDaemon): Promise<ExitCode> {
  const parts: Parts = {};
  daemon.stop.atOnce = endAtOnce(daemon.config, daemon.logging);
  let clean: boolean;
  try {
    await run(daemon, parts);
  } finally {
    clean = await close(daemon, parts);
  }
  return clean ? EXIT.ok : EXIT.other;
}

async function run({ config, logging, stop, address, ready }: AntaresDaemon, parts: Parts) {
  const { values } = config;
  const log = logging.for('scorpiofs::antares');
  prepareDirectories(config);
  const refusal = noEngine(config);
  if (refusal !== undefined)
    throw new CommandError('ENGINE', refusal.message, refusal.hint, EXIT.mount, refusal);
  const app = daemonApp({
    version: packageVersion(),
    mountCount: () => 0,
    notReady: () => (parts.part === undefined ? 'starting' : undefined),
    samples: () => daemonSamples({ ...parts, antares: parts.part }),
    failed: (error) =>
      log.error('request failed', { reason: explain(error).stack ?? explain(error).message }),
    antares: () => {
      if (parts.part === undefined) throw starting();
      return parts.part.antares;
    },
    access: { token: values.http_token, allowRemote: values.http_allow_remote },
    antaresPrefix: '',
  });
  if (address !== undefined) {
    parts.http = await withExit(EXIT.bind, () => bound(() => listen(app, address)));
    log.info(`starting Antares daemon on ${formatAddress(parts.http.address)}`);
  }
  parts.socket = await openSocket(app, socketPath(config, 'antares'), log);
  const quota = values.store_quota_bytes;
  parts.store = await withExit(EXIT.other, () =>
    Store.open(values.store_path, {
      ...(quota > 0 && { quotaBytes: quota }),
      onProblem: (error) => log.warn(explain(error).message),
    }),
  );
  const { store } = parts;
  const client = (parts.client = openClient(config));
  const part = (parts.part = await withExit(EXIT.mount, () =>
    openAntares({ config, client, store, logging }),
  ));
  await ready?.(part);
  if (address !== undefined) await stop.wanted();
  else while (!stop.signal.aborted && !part.antares.idle) await pause();
}

/** The recorded words for an address that cannot be had. */
async function bound<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const { message, hint } = explain(error);
    const words = message.replace('HTTP address', 'Antares HTTP address');
    throw new CommandError(
      'HTTP_BIND',
      words,
      hint?.replace(/--http-addr or http_addr/, '--bind') ?? '',
      EXIT.bind,
      error,
    );
  }
}

async function close({ logging }: AntaresDaemon, parts: Parts): Promise<boolean> {
  const log = logging.for('scorpiofs::antares');
  const steps: (() => Promise<unknown> | undefined)[] = [
    // Requests are refused from here on; then those under way end.
    () =>
      endViews({
        close: async () => await parts.part?.close(),
        client: parts.client,
        limitMs: CLOSE_MS,
      }),
    () => parts.socket?.close(CLOSE_MS),
    () => parts.http?.close(CLOSE_MS),
    () => parts.client?.close(),
    () => parts.store?.close(),
  ];
  let clean = true;
  for (const step of steps) {
    try {
      if ((await step()) === false) clean = false;
    } catch (error) {
      clean = false;
      log.error('closing failed', { reason: explain(error).message });
    }
  }
  return clean;
}

async function pause(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
}

/** The address of `antares serve`; `:PORT` is every address. Throws `CommandError` in the recorded words. */
export function bindAddress(text: string): Address {
  const address = parseAddress(text, { anyHost: true });
  if (address !== undefined) return address;
  throw new CommandError(
    'BIND_ADDRESS',
    `Invalid bind address '${text}': invalid socket address syntax`,
    'Write it as IP:PORT, [IPv6]:PORT or :PORT.',
    EXIT.usage,
  );
}
