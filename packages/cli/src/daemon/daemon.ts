import { resolve } from 'node:path';
import {
  formatAddress,
  parseAddress,
  prepareDirectories,
  redactUrl,
  type Config,
} from '@scorpiofs/config';
import { mount, type ChannelEnd, type Mounted } from '@scorpiofs/fuse';
import { daemonApp, listen, type Listening, type SocketListening } from '@scorpiofs/http-api';
import { Store } from '@scorpiofs/store';
import type { View } from '@scorpiofs/dicfuse';
import { endViews } from '../antares/end-views.js';
import { noEngine, openAntares, starting, type AntaresPart } from '../antares/open-antares.js';
import { openSocket, socketPath } from '../antares/socket.js';
import { CommandError, explain, withExit } from '../command-error.js';
import { EXIT, type ExitCode } from '../exit-codes.js';
import type { Log, Logging } from '../log/logger.js';
import { packageVersion } from '../version.js';
import { openBaseView } from './base-view.js';
import { checkWorkspace, detachOwnDead, workspaceError } from './check-workspace.js';
import { endAtOnce } from './end-at-once.js';
import { startEmbeddedServer, type EmbeddedServer } from './embedded-server.js';
import { fuseLog } from './fuse-log.js';
import { guardPlaces } from './guard-places.js';
import { openClient } from './open-client.js';
import { refreshWorkspace } from './refresh-workspace.js';
import { daemonSamples, type Sampled } from './samples.js';
import type { StopSignals } from './stop-signals.js';
import { countWorks } from './works-file.js';

/** Requests under way may take this long once a stop is wanted (spec §2.5). */
const HTTP_CLOSE_MS = 20_000;
const VIEWS_CLOSE_MS = 15_000;
/** Programs that are inside the mount may go on for this long after it left the tree. */
const BUSY_MS = 2000;

export interface ServeOptions {
  readonly config: Config;
  /** Serve this repository, path or URL, instead of `base_url`. */
  readonly repo: string | undefined;
  readonly logging: Logging;
  readonly stop: StopSignals;
}

/** What a running daemon holds, in the order in which it was made. */
interface Parts extends Sampled {
  works: number;
  notReady: string | undefined;
  embedded?: EmbeddedServer;
  http?: Listening;
  socket?: SocketListening | undefined;
  antares?: AntaresPart;
  /** Done, well or not, when nothing of Antares is being started any more. */
  starting?: Promise<unknown>;
  store?: Store;
  client?: ReturnType<typeof openClient>;
  view?: View;
  mounted?: Mounted;
}

/** Under this name the last revision is remembered. */
function originOf({ config, repo }: ServeOptions): string {
  return repo === undefined ? config.values.base_url : `repo ${repo}`;
}

function isLoopback(host: string): boolean {
  return host === '::1' || host.startsWith('127.');
}

/** Takes the address first: a daemon that cannot be reached mounts nothing (K-20, K-36). */
async function startHttp(parts: Parts, options: ServeOptions, log: Log): Promise<Listening> {
  const { config } = options;
  const { http_token: token, http_allow_remote: allowRemote } = config.values;
  const app = daemonApp({
    version: packageVersion(),
    mountCount: () => parts.works,
    notReady: () => parts.notReady,
    samples: () => daemonSamples(parts),
    failed: (error) =>
      log.error('request failed', { reason: explain(error).stack ?? explain(error).message }),
    antares: () => {
      if (parts.antares !== undefined) return parts.antares.antares;
      throw noEngine(config) ?? starting();
    },
    refreshWorkspace: () => refreshWorkspace(parts, { origin: originOf(options), log }),
    access: { token, allowRemote },
  });
  const address = parseAddress(config.values.http_addr) ?? { host: '127.0.0.1', port: 0 };
  const http = await withExit(EXIT.bind, () => listen(app, address));
  parts.socket = await openSocket(app, socketPath(config, 'scorpio'), log);
  // HTTP-05, D8.
  if (!isLoopback(http.address.host) && token === undefined)
    log.warn(
      allowRemote
        ? 'other hosts reach this address and are served without a token'
        : 'other hosts reach this address; they are refused until http_token is set',
      {
        address: formatAddress(http.address),
        hint: 'http_addr = "127.0.0.1:2725" serves this host alone',
      },
    );
  return http;
}

/** Mounts the view once there is one. Resolves when the kernel has been answered. */
async function mountView(parts: Parts, options: ServeOptions, workspace: string): Promise<Mounted> {
  const { config, repo, logging, stop } = options;
  const { values } = config;
  const { client, store } = parts;
  if (client === undefined || store === undefined) throw new Error('nothing to show');
  parts.view = await openBaseView({
    client,
    store,
    origin: originOf(options),
    namespace: `workspace ${workspace}`,
    owner: { uid: values.dicfuse_uid, gid: values.dicfuse_gid },
    readable: values.dicfuse_readable,
    log: logging.for('scorpiofs::dicfuse'),
    signal: stop.signal,
    waiting: (reason) => (parts.notReady = reason),
  });
  const { fileSystem, revision } = parts.view;
  try {
    parts.mounted = await mount(fileSystem, workspace, {
      transport: values.fuse_transport,
      readOnly: true,
      allowOther: values.allow_other,
      fsName: redactUrl(repo ?? values.base_url),
      ...fuseLog(logging),
    });
  } catch (error) {
    throw workspaceError(workspace, error);
  }
  parts.notReady = undefined;
  fetchAhead(parts.view, options);
  const { transport } = parts.mounted;
  logging
    .for('scorpiofs::server')
    .info('workspace mounted', { mountpoint: workspace, revision: revision.commit, transport });
  return parts.mounted;
}

/** Listings near the top, in the background, where somebody has asked for that: a looked-at directory brings its neighbours by itself. */
function fetchAhead(view: View, { config, logging, stop }: ServeOptions): void {
  const depth = config.values.load_dir_depth;
  if (depth === 0 || config.settings.get('load_dir_depth')?.origin.kind === 'default') return;
  const log = logging.for('scorpiofs::dicfuse');
  view.prefetch({ depth, signal: stop.signal }).then(
    ({ directories, failed }) => log.info('listings fetched ahead', { depth, directories, failed }),
    (error: unknown) => {
      if (!stop.signal.aborted)
        log.warn('fetching ahead failed', { reason: explain(error).message });
    },
  );
}

/** Brings jobs back and makes new ones, where this process can. */
async function startAntares(parts: Parts, { config, logging }: ServeOptions): Promise<void> {
  const { client, store } = parts;
  if (client === undefined || store === undefined) return;
  const refusal = noEngine(config);
  if (refusal === undefined)
    parts.antares = await withExit(EXIT.mount, () =>
      openAntares({ config, client, store, logging }),
    );
  else
    logging
      .for('scorpiofs::antares')
      .warn('no views of jobs', { reason: refusal.message, hint: refusal.hint });
}

/** Prepares everything that can be checked without a server, mounts, and resolves when the daemon is to end. */
async function run(parts: Parts, options: ServeOptions, log: Log): Promise<ExitCode> {
  const { config, repo, stop } = options;
  const { values } = config;
  await detachOwnDead(resolve(values.workspace), log);
  prepareDirectories(config);
  parts.works = countWorks(values.config_file);
  if (parts.works > 0)
    log.warn('workspaces of an earlier version are kept in the state file and not served', {
      count: parts.works,
    });
  const workspace = await checkWorkspace(values.workspace);
  guardPlaces(workspace, values.store_path);
  parts.http = await startHttp(parts, options, log);
  stop.signal.throwIfAborted();
  if (repo !== undefined) parts.embedded = await startEmbeddedServer({ repo });
  const quota = values.store_quota_bytes;
  parts.store = await withExit(EXIT.other, () =>
    Store.open(values.store_path, {
      ...(quota > 0 && { quotaBytes: quota }),
      onProblem: (error) =>
        options.logging.for('scorpiofs::dicfuse::store').warn(explain(error).message),
    }),
  );
  parts.client = openClient(config, parts.embedded?.url);
  const { address } = parts.http;
  // The workspace first: what it fails for is said in its words, and views need the same server.
  const both = mountView(parts, options, workspace).then(async (mounted) => {
    const antares = startAntares(parts, options);
    parts.starting = antares.catch(() => undefined);
    await antares;
    return mounted;
  });
  const mounting = Promise.race([both, lost(parts)]);
  // The line comes when the workspace is there, or when it is clear that it has to wait for its server.
  const first = await Promise.race([mounting, waits(parts, stop.signal)]);
  log.info(`server running on ${formatAddress(address)}`);
  return await ended(parts, first ?? (await mounting), stop, log);
}

/** Rejects when an embedded server ends by itself: nobody would ever answer. */
async function lost({ embedded }: Parts): Promise<never> {
  await (embedded?.ended ?? new Promise(() => {}));
  throw new CommandError(
    'EMBEDDED_SERVER',
    'the embedded server has ended by itself',
    'Start again; `scorpio mono --repo PATH` shows what it says.',
    EXIT.other,
  );
}

/** Resolves with nothing once the view waits for its server; never when it does not. */
async function waits(parts: Parts, signal: AbortSignal): Promise<undefined> {
  while (parts.notReady === STARTING && !signal.aborted)
    await new Promise((r) => setTimeout(r, 50).unref());
  return parts.notReady === undefined ? new Promise(() => {}) : undefined;
}

const STARTING = 'starting';

async function ended(
  parts: Parts,
  mounted: Mounted,
  stop: StopSignals,
  log: Log,
): Promise<ExitCode> {
  const first = await Promise.race([stop.wanted(), mounted.closed, lost(parts)]);
  if (first === undefined) return EXIT.ok;
  logEnd(first, log);
  return EXIT.other;
}

/** K-33: a workspace that somebody else unmounted ends the daemon, and not as if that had been its own wish. */
function logEnd(end: ChannelEnd, log: Log): void {
  const reason = end.reason === 'failed' ? end.error.message : end.reason;
  log.error(
    'the workspace is gone: it was unmounted by somebody else, or its connection was ended',
    { reason },
  );
}

async function attempt(
  what: string,
  step: () => Promise<unknown> | undefined,
  log: Log,
): Promise<boolean> {
  try {
    await step();
    return true;
  } catch (error) {
    const { message, hint } = explain(error);
    log.error(`${what} failed`, { reason: message, hint });
    return false;
  }
}

/** Views, and what is only being started of them; it may take this long (SRV-05). */
async function endAllViews(parts: Parts): Promise<void> {
  await endViews({
    close: async () => {
      await parts.starting;
      await parts.antares?.close();
    },
    client: parts.client,
    limitMs: VIEWS_CLOSE_MS,
  });
}

/** Gives back what is held, the last thing first. False: something is left, or a request was cut off. */
async function close(parts: Parts, log: Log): Promise<boolean> {
  parts.notReady = 'stopping';
  // New requests about views are refused from here on (SHUTDOWN); then what runs ends.
  const ended = await attempt('ending views', () => endAllViews(parts), log);
  await attempt('closing the socket', () => parts.socket?.close(HTTP_CLOSE_MS), log);
  const drained = (await parts.http?.close(HTTP_CLOSE_MS)) ?? true;
  if (!drained)
    log.error('HTTP requests did not end in time and were cut off', { limit_ms: HTTP_CLOSE_MS });
  const unmounted = await attempt(
    'unmounting the workspace',
    () => parts.mounted?.unmount({ busyMs: BUSY_MS }),
    log,
  );
  await attempt('closing the view', () => parts.view?.close(), log);
  await attempt('closing the client', () => parts.client?.close(), log);
  const stored = await attempt('closing the store', () => parts.store?.close(), log);
  await attempt('ending the embedded server', () => parts.embedded?.close(), log);
  return drained && ended && unmounted && stored;
}

/**
 * `scorpio serve` from start to end (spec §2.5). The order is such that whatever fails leaves nothing behind: address, places and mount point are checked
 * before anything is mounted, and what was made is taken away again. Throws `CommandError` where it could not start.
 */
export async function serve(options: ServeOptions): Promise<ExitCode> {
  const { stop, logging } = options;
  const log = logging.for('scorpiofs::cli');
  const parts: Parts = { works: 0, notReady: STARTING };
  stop.atOnce = endAtOnce(options.config, logging, () => parts.mounted?.unmount({ busyMs: 0 }));
  try {
    const code = await run(parts, options, log);
    return (await close(parts, log)) ? code : EXIT.other;
  } catch (error) {
    const stopped = stop.signal.aborted;
    const clean = await close(parts, log);
    if (!stopped) throw error;
    return clean ? EXIT.ok : EXIT.other;
  }
}
