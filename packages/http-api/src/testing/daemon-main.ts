import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  Antares,
  Base,
  KernelEngine,
  UserspaceEngine,
  type AntaresOptions,
  type OverlayEngine,
} from '@scorpiofs/antares';
import { MegaClient } from '@scorpiofs/mega-client';
import { Store } from '@scorpiofs/store';
import { daemonApp } from '../app.js';
import type { Access } from '../access.js';
import { listen, listenSocket } from '../listen.js';

export interface DaemonOrder {
  /** Of the server. */
  readonly url: string;
  /** Everything lies below it. */
  readonly root: string;
  readonly access?: Access;
  readonly engine?: 'kernel' | 'userspace';
  /** False: as on a kernel without idmapped FUSE mounts. */
  readonly idmap?: boolean;
  readonly socket?: string;
  readonly prefix?: '/antares' | '';
  /** Default: loopback alone. */
  readonly host?: string;
  /** So many unmounts fail, as they do without the right to unmount. */
  readonly failUnmounts?: number;
  /** SIGKILL before this call of the kernel engine in a change of layers, counted from 1. */
  readonly killAt?: number;
  readonly options?: Pick<AntaresOptions, 'keepUpper' | 'maxMounts' | 'quiesceMs'>;
}

/** A daemon as the programs make it, for tests: in a process of its own, since nobody may use a mount that he serves. */
const order = JSON.parse(process.argv[2] ?? '{}') as DaemonOrder;
const { url, root } = order;
const at = (name: string): string => join(root, name);
const source = new MegaClient({
  baseUrl: url,
  retry: { attempts: 1 },
  // No machine is so slow; a test that wants an answer to be late says so itself.
  limits: { listing: 60_000 },
});
const store = await Store.open(at('store'));
const userspace = order.engine === 'userspace';
const base = await Base.open({
  source,
  store,
  directory: at('base'),
  mounted: !userspace,
  idmap: order.idmap ?? true,
  limitMs: 10_000,
});
let calls = 0;
let last = '';
/** A change begins with a call of this name. */
const onCall = (what: string): void => {
  // One that is tried again counts once.
  if (what !== last && (calls > 0 || what === 'staging')) calls++;
  last = what;
  if (calls > 0 && calls === order.killAt) {
    writeFileSync(at('killed-before'), what);
    process.kill(process.pid, 'SIGKILL');
  }
};
const engine: OverlayEngine = userspace
  ? new UserspaceEngine({ base, limitMs: 10_000 })
  : new KernelEngine({ limitMs: 10_000, onCall });
let { failUnmounts = 0 } = order;
const unmount = engine.unmount.bind(engine);
engine.unmount = async (mountpoint, detach) => {
  if (failUnmounts-- > 0) throw new Error('EPERM');
  return await unmount(mountpoint, detach);
};
const antares = await Antares.open({
  ...order.options,
  paths: {
    upperRoot: at('up'),
    clRoot: at('cl'),
    mountRoot: at('mnt'),
    stateFile: at('state.toml'),
  },
  engine,
  base,
  source,
  store,
  wire: source.wire,
  log: (level, message, fields) => {
    if (level !== 'info') console.error(level, message, JSON.stringify(fields));
  },
});
const app = daemonApp({
  version: '0.2.3',
  mountCount: () => 0,
  notReady: () => undefined,
  samples: () => [],
  failed: (error) => console.error(error),
  antares: () => antares,
  access: order.access ?? {},
  antaresPrefix: order.prefix ?? '/antares',
});
const http = await listen(app, { host: order.host ?? '127.0.0.1', port: 0 });
const socket = await listenSocket(app, at(order.socket ?? 'test.sock'));
process.on('message', () => {
  void store.flushed().then(() => process.send?.('flushed'));
});
process.once('SIGTERM', () => {
  void (async () => {
    const ending = antares.close();
    await ending;
    await Promise.all([http.close(60_000), socket.close(60_000)]);
    await base.close();
    await source.close();
    await store.close();
    process.exit(0);
  })();
});
process.send?.(http.url);
