import { access } from 'node:fs/promises';
import type { ChannelEnd } from '../channel/channel.js';
import type { FileSystem, SessionInfo } from '../filesystem.js';
import { mountFailed, noDevice, noRights, transportUnavailable } from '../mount/errors.js';
import { mountAt, readMountTable } from '../mount/mount-table.js';
import { FUSE_DEVICE } from '../mount/open-device.js';
import { resolveOptions, type MountOptions, type ResolvedOptions } from '../mount/options.js';
import { addOwnMount, removeOwnMount } from '../mount/own-mounts.js';
import { unmountAt } from '../mount/unmount.js';
import type { Mounted, MountStats, Transport, UnmountOptions } from '../transport.js';
import { loadFuseNative, type FuseInstance } from './load.js';
import { NativeOperations } from './operations.js';
import { modifiedMs } from './thread-state.js';
import { Tree } from './tree.js';

const READY_MS = 10_000;
const WATCH_MS = 500;
const DRAIN_MS = 10_000;
/** Number of `utimens` among the package's operations. */
const OP_UTIMENS = 12;
const MAX_TRANSFER = 131_072;

/** The npm package `fuse-native`: libfuse 2, by path. Its README lists what it cannot do. */
export const nativeTransport: Transport = {
  name: 'fuse-native',

  async unavailable() {
    try {
      await access(FUSE_DEVICE);
    } catch (error) {
      return noDevice(FUSE_DEVICE, error);
    }
    try {
      loadFuseNative();
      return undefined;
    } catch (error) {
      return transportUnavailable(
        'fuse-native',
        error instanceof Error ? error.message : 'unknown',
      );
    }
  },

  async mount(fs, mountpoint, options) {
    const { Fuse } = loadFuseNative();
    const resolved = resolveOptions(options);
    const tree = new Tree(fs);
    const operations = new NativeOperations(fs, tree, { log: options.log });
    // Without the package's own limit of 15 s, which takes the buffer away while the file system still fills it.
    const fuse = new Fuse(mountpoint, operations.table(), { timeout: false });
    adapt(fuse, operations, resolved);
    const info = sessionInfo(tree, resolved);
    fs.init?.(info);
    addOwnMount(mountpoint);
    try {
      await start(fuse, mountpoint);
      const entry = mountAt(await readMountTable(), mountpoint);
      if (entry === undefined) throw mountFailed(mountpoint, 'it is not in the mount table');
      return new NativeMount(fs, mountpoint, entry.device, fuse, operations, tree, info, options);
    } catch (error) {
      removeOwnMount(mountpoint);
      await fs.destroy?.();
      throw error;
    }
  },
};

/** Replaces what the package does wrong or has no words for. */
function adapt(fuse: FuseInstance, operations: NativeOperations, options: ResolvedOptions): void {
  fuse._fuseOptions = () => `-o${optionList(options).join(',')}`;
  fuse._op_getxattr = (signal, path, name, into) => {
    operations.getxattr(path, name, into, (result) => {
      signal(result, into.buffer);
    });
  };
  fuse._op_listxattr = (signal, path, into) => {
    operations.listxattr(path, into, (result) => {
      signal(result, into.buffer);
    });
  };
  adaptTimes(fuse, operations);
}

/** The binding passes the time of access twice (its C file, `FUSE_METHOD_VOID(utimens`): the other is read from its state. */
function adaptTimes(fuse: FuseInstance, operations: NativeOperations): void {
  const original = fuse._handlers[OP_UTIMENS];
  if (original === undefined) throw new Error('fuse-native has no utimens');
  let state: Buffer | undefined;
  let atimeMs = 0;
  fuse._handlers[OP_UTIMENS] = (thread, op, ...args) => {
    state = thread;
    atimeMs = Number(args[1]) + Number(args[2]) * 2 ** 32;
    original(thread, op, ...args);
  };
  fuse._op_utimens = (signal, path) => {
    const mtimeMs = state && modifiedMs(state, atimeMs);
    if (mtimeMs === undefined) {
      signal(-5);
      return;
    }
    const set = { atimeNs: toNs(atimeMs), mtimeNs: toNs(mtimeMs) };
    operations.setTimes(path, set, (result) => {
      signal(result);
    });
  };
}

function toNs(ms: number): bigint {
  return BigInt(ms) * 1_000_000n;
}

function optionList(o: ResolvedOptions): string[] {
  const escaped = o.fsName.replace(/[\\,]/g, (character) => `\\${character}`);
  return [
    `fsname=${escaped}`,
    `subtype=${o.subtype}`,
    // libfuse 2 makes a node per name: with times to live, the names of one hard-linked file would disagree.
    'attr_timeout=0',
    'entry_timeout=0',
    'use_ino',
    'big_writes',
    ...(o.defaultPermissions ? ['default_permissions'] : []),
    ...(o.allowOther ? ['allow_other'] : []),
    ...(o.readOnly ? ['ro'] : []),
    o.suid ? 'suid' : 'nosuid',
    o.dev ? 'dev' : 'nodev',
    ...(o.exec ? [] : ['noexec']),
    ...(o.noatime ? ['noatime'] : []),
    ...(o.maxRead === undefined ? [] : [`max_read=${o.maxRead}`]),
  ];
}

function sessionInfo(tree: Tree, options: ResolvedOptions): SessionInfo {
  return {
    transport: 'fuse-native',
    protocolMinor: 19,
    maxWrite: MAX_TRANSFER,
    maxRead: Math.min(options.maxRead ?? MAX_TRANSFER, MAX_TRANSFER),
    passthrough: false,
    writebackCache: false,
    noOpen: false,
    noOpendir: false,
    readdirPlus: false,
    notify: {
      // Names and attributes live for no time here, and pages until the next open.
      invalInode: () => undefined,
      invalEntry: (parent, name) => {
        tree.dropByNode(parent, name);
      },
      expireEntry: (parent, name) => {
        tree.dropByNode(parent, name);
      },
      deleteEntry: (parent, _child, name) => {
        tree.dropByNode(parent, name);
      },
      settled: () => Promise.resolve(),
    },
  };
}

async function start(fuse: FuseInstance, mountpoint: string): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  try {
    await new Promise<void>((resolve, reject) => {
      timer = setTimeout(() => {
        reject(mountFailed(mountpoint, 'the kernel sent no INIT'));
      }, READY_MS);
      fuse.mount((error) => {
        if (error) reject(failed(mountpoint, error));
        else resolve();
      });
    });
  } finally {
    clearTimeout(timer);
  }
}

/** libfuse says why on stderr and no more than "fuse failed" here. */
function failed(mountpoint: string, error: Error): Error {
  if (process.geteuid?.() !== 0) return noRights(`mount at ${mountpoint}`, error);
  return mountFailed(mountpoint, `libfuse says ${error.message}`);
}

class NativeMount implements Mounted {
  readonly transport = 'fuse-native';
  readonly closed: Promise<ChannelEnd>;
  readonly #end: (end: ChannelEnd) => void;
  readonly #watch: NodeJS.Timeout;
  #ended = false;

  constructor(
    readonly fs: FileSystem,
    readonly mountpoint: string,
    readonly device: string,
    readonly fuse: FuseInstance,
    readonly operations: NativeOperations,
    readonly tree: Tree,
    readonly info: SessionInfo,
    readonly options: MountOptions,
  ) {
    let end: (end: ChannelEnd) => void = () => undefined;
    this.closed = new Promise((resolve) => {
      end = resolve;
    });
    this.#end = end;
    // The package does not tell when somebody else unmounts: the mount table does.
    this.#watch = setInterval(() => void this.#look(), WATCH_MS);
    this.#watch.unref();
  }

  get stats(): MountStats {
    return {
      requests: { ...this.operations.counts },
      inFlight: this.operations.inFlight,
      references: this.tree.references,
      backingFiles: 0,
    };
  }

  async #look(): Promise<void> {
    const table = await readMountTable();
    if (table.some((entry) => entry.device === this.device)) return;
    await this.#close();
  }

  async #close(): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    clearInterval(this.#watch);
    loadFuseNative().binding.fuse_native_unmount(this.mountpoint, this.fuse._thread);
    const patience = Date.now() + (this.options.drainMs ?? DRAIN_MS);
    while (this.operations.inFlight > 0 && Date.now() < patience) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    this.operations.ended = true;
    await this.operations.releaseAll();
    this.tree.dropAll();
    await this.fs.destroy?.();
    removeOwnMount(this.mountpoint);
    this.#end({ reason: 'unmounted' });
  }

  async unmount({ busy = 'detach' }: UnmountOptions = {}): Promise<void> {
    if (!this.#ended) {
      await unmountAt(this.mountpoint, this.device, busy);
      await this.#close();
    }
    await this.closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.unmount();
  }
}
