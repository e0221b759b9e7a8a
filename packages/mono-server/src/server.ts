import { mkdir, rm } from 'node:fs/promises';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { resolve } from 'node:path';
import { createAdaptorServer } from '@hono/node-server';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import { parseBind } from './bind-address.js';
import { badOption, bindFailed } from './error.js';
import { Faults } from './faults/faults.js';
import { inspectRepository, type BorrowedRepository } from './git/borrowed.js';
import { openDataRepository } from './git/data-repository.js';
import { Git } from './git/git.js';
import { ObjectStore } from './git/object-store.js';
import { cloneWithoutBlobs, isRemote, refetching } from './git/remote-clone.js';
import { RemoteObjects } from './git/remote-objects.js';
import { supportsBatchCommand } from './git/version.js';
import { createApp } from './http/app.js';
import { Follower } from './mono/follower.js';
import { DEFAULT_IMPORT_DIR, type Monorepo } from './mono/monorepo.js';
import { openMonorepo } from './mono/open-monorepo.js';
import type { MonoServerOptions } from './options.js';
import { makeTemporaryData, sweepAbandonedData } from './temporary-data.js';
import { components, joinPath } from './tree/repo-path.js';

const HOUR_MS = 3_600_000;
const KEEP_ALIVE_MS = 75_000;

/** A running server. `await using` closes it. */
export interface MonoServer extends AsyncDisposable {
  /** Base URL without trailing slash. */
  readonly url: string;
  readonly faults: Faults;
  /** Where pushes, change lists and LFS objects are kept. */
  readonly dataDir: string;
  /** Git processes that live at the moment. */
  readonly gitProcesses: number;
  /** Stops listening, ends git and requests under way, and removes a temporary data directory. */
  close(): Promise<void>;
}

/**
 * Starts a Mega-compatible server over a Git repository, or an empty one.
 * Rejects with a `MonoServerError` that says what is wrong with the repository, the options or the address.
 */
export async function startMonoServer(options: MonoServerOptions): Promise<MonoServer> {
  if ((options.repo === undefined) === (options.empty !== true))
    throw badOption('repo, empty', 'exactly one of the two is needed');
  const bind = parseBind(options.bind ?? '127.0.0.1:0');
  const temporary = options.dataDir === undefined;
  const dataDir = temporary ? await makeTemporaryData() : resolve(options.dataDir ?? '');
  if (temporary) await sweepAbandonedData();
  const git = new Git();
  const discard = async (): Promise<void> => {
    await git.close();
    if (temporary) await rm(dataDir, { recursive: true, force: true });
  };
  try {
    await mkdir(dataDir, { recursive: true, mode: 0o700 });
    const { mono, shallow, follower } = await open(git, dataDir, options);
    const faults = new Faults();
    faults.set(options.faults ?? []);
    let url = '';
    const app = createApp({ mono, follower, faults, options, shallow, baseUrl: () => url });
    // Every handler has written its answer itself. Hono wraps that of a HEAD in a new response, which would be sent a second
    // time: an error, and the connection closed.
    const fetch: typeof app.fetch = async (request, env) => {
      await app.fetch(request, env);
      return RESPONSE_ALREADY_SENT;
    };
    const server = createAdaptorServer({ fetch }) as Server;
    // A large push over a slow line takes longer than Node's five minutes; an idle connection is kept for the next request.
    server.requestTimeout = HOUR_MS;
    server.keepAliveTimeout = KEEP_ALIVE_MS;
    await listen(server, bind.host, bind.port);
    url = addressUrl(server.address() as AddressInfo);
    options.onEvent?.({ level: 'info', event: 'listening', url });
    let closing: Promise<void> | undefined;
    const close = (): Promise<void> => {
      closing ??= (async (): Promise<void> => {
        const closed = new Promise<void>((done) => server.close(() => done()));
        server.closeAllConnections();
        await closed;
        await mono.settled();
        await discard();
      })();
      return closing;
    };
    return {
      url,
      faults,
      dataDir,
      get gitProcesses() {
        return git.running;
      },
      close,
      [Symbol.asyncDispose]: close,
    };
  } catch (error) {
    await discard();
    throw error;
  }
}

interface Opened {
  readonly mono: Monorepo;
  readonly follower: Follower;
  readonly shallow: readonly string[];
}

async function open(git: Git, dataDir: string, options: MonoServerOptions): Promise<Opened> {
  const batchCommand = await supportsBatchCommand(git);
  const onEvent = options.onEvent ?? ((): void => undefined);
  const origin =
    options.repo !== undefined && isRemote(options.repo)
      ? await cloneWithoutBlobs(git, options.repo, dataDir, onEvent)
      : undefined;
  const path = origin ?? options.repo;
  const repository = path === undefined ? undefined : await inspectRepository(git, path);
  const imports = new Map<string, BorrowedRepository>();
  for (const [path, repo] of Object.entries(options.imports ?? {}))
    imports.set(joinPath(components(path)), await inspectRepository(git, repo));
  const borrowed = [...(repository === undefined ? [] : [repository]), ...imports.values()];
  const shallow = borrowed.flatMap((one) => one.shallow);
  const gitDir = await openDataRepository(
    git,
    dataDir,
    borrowed.map((one) => one.objectsDir),
    shallow,
  );
  const missing = origin === undefined ? undefined : new RemoteObjects(git, origin, gitDir);
  const mono = await openMonorepo({
    store: new ObjectStore({ git, gitDir, batchCommand, ...(missing && { missing }) }),
    dataDir,
    importDir: options.importDir ?? DEFAULT_IMPORT_DIR,
    repository,
    imports,
    onEvent,
  });
  const asked =
    origin === undefined
      ? undefined
      : refetching(git, origin, options.repo ?? '', onEvent, options.refetchMs);
  const follower = new Follower({ mono, repository, imports, onEvent, ...(asked && { asked }) });
  return { mono, follower, shallow };
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((done, reject) => {
    const failed = (error: NodeJS.ErrnoException): void =>
      reject(bindFailed(`${host}:${port}`, error));
    server.once('error', failed);
    server.listen(port, host, () => {
      server.off('error', failed);
      done();
    });
  });
}

function addressUrl({ address, port, family }: AddressInfo): string {
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
}
