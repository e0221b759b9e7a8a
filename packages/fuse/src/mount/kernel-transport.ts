import { constants } from 'node:fs';
import { access, readFile } from 'node:fs/promises';

import type { ChannelEnd } from '../channel/channel.js';
import { DeviceChannel } from '../channel/device-channel.js';
import type { SessionInfo } from '../filesystem.js';
import { Session } from '../session/session.js';
import type { Mounted, MountStats, Transport, UnmountOptions } from '../transport.js';
import { detach } from './dead-mounts.js';
import { errorCode } from './error-code.js';
import * as errors from './errors.js';
import { findFusermount, mountByFusermount } from './fusermount.js';
import { isFuse, mountAt, readMountTable } from './mount-table.js';
import { mountDirectly } from './mount-directly.js';
import { FUSE_DEVICE } from './open-device.js';
import { resolveOptions } from './options.js';
import { addOwnMount, removeOwnMount } from './own-mounts.js';
import { setReadAhead } from './read-ahead.js';
import { unmountAt } from './unmount.js';

/** How long the kernel may take to say INIT; it says it while mounting. */
const READY_MS = 10_000;
const BUSY_MS = 2000;

/** The kernel's own protocol over /dev/fuse. */
export const kernelTransport: Transport = {
  name: 'kernel',

  async unavailable() {
    try {
      await access(FUSE_DEVICE, constants.R_OK | constants.W_OK);
    } catch (error) {
      if (errorCode(error) !== 'EACCES') return errors.noDevice(FUSE_DEVICE, error);
      return errors.noRights(`open ${FUSE_DEVICE}`, error);
    }
    return isRoot() || findFusermount() !== undefined ? undefined : errors.noFusermount();
  },

  async mount(fs, mountpoint, options) {
    const resolved = resolveOptions(options);
    const fd = await (isRoot() ? mountDirectly : mountByFusermount)(mountpoint, resolved);
    // Own from now on: nothing in this process may touch the path any more.
    addOwnMount(mountpoint);
    const session = new Session(fs, new DeviceChannel(fd), options);
    void session.closed.then(() => removeOwnMount(mountpoint));
    try {
      const device = await deviceOf(fd, mountpoint);
      session.start();
      await checkAlone(mountpoint, device);
      const info = await within(READY_MS, session.ready, mountpoint);
      if (isRoot()) await setReadAhead(device, options.readAheadKiB ?? 1024);
      return new KernelMount(mountpoint, device, session, info);
    } catch (error) {
      await detach(mountpoint);
      session.channel.close();
      removeOwnMount(mountpoint);
      throw error;
    }
  },
};

function isRoot(): boolean {
  return process.geteuid?.() === 0;
}

/** The mount's device, which tells it from any other: from the connection itself, on old kernels from the table. */
async function deviceOf(fd: number, mountpoint: string): Promise<string> {
  const info = await readFile(`/proc/self/fdinfo/${fd}`, 'utf8');
  const connection = /^fuse_connection:\s*(\d+)/m.exec(info)?.[1];
  if (connection !== undefined) return `0:${connection}`;
  const entry = mountAt(await readMountTable(), mountpoint);
  if (entry === undefined) throw errors.mountFailed(mountpoint, 'it is not in the mount table');
  return entry.device;
}

/** Two daemons that found the directory free at the same moment: the one that mounted second gives way. */
async function checkAlone(mountpoint: string, device: string): Promise<void> {
  const here = (await readMountTable()).filter((e) => isFuse(e) && e.mountpoint === mountpoint);
  const [first] = here;
  if (first === undefined) throw errors.mountFailed(mountpoint, 'it is not in the mount table');
  if (first.device !== device) throw errors.alreadyMounted(mountpoint, first.type);
}

async function within<T>(ms: number, promise: Promise<T>, mountpoint: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(errors.mountFailed(mountpoint, 'the kernel sent no INIT')), ms);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

class KernelMount implements Mounted {
  readonly transport = 'kernel';
  readonly closed: Promise<ChannelEnd>;
  #unmounting: Promise<void> | undefined;

  constructor(
    readonly mountpoint: string,
    readonly device: string,
    readonly session: Session,
    readonly info: SessionInfo,
  ) {
    this.closed = session.closed;
  }

  get stats(): MountStats {
    const { counts, inFlight, references, backingFiles } = this.session;
    return { requests: { ...counts }, inFlight, references: references.outstanding, backingFiles };
  }

  unmount(options: UnmountOptions = {}): Promise<void> {
    this.#unmounting ??= this.#unmount(options).finally(() => {
      this.#unmounting = undefined;
    });
    return this.#unmounting;
  }

  async #unmount({ busy = 'detach', busyMs = BUSY_MS }: UnmountOptions): Promise<void> {
    if (this.session.ended) return void (await this.closed);
    await unmountAt(this.mountpoint, this.device, busy);
    // The kernel ends the connection with its last user; whoever is still inside a detached mount gets a while.
    const timer = setTimeout(() => this.session.channel.close(), busyMs);
    await this.closed;
    clearTimeout(timer);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.unmount();
  }
}
