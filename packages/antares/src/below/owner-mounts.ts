import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { mount, type FileSystem, type MountOptions, type Mounted } from '@scorpiofs/fuse';
import {
  AT_EMPTY_PATH,
  AT_FDCWD,
  close,
  errnoName,
  MNT,
  MOUNT_ATTR,
  mountSetattr,
  MOVE_MOUNT,
  moveMount,
  OPEN_TREE,
  openTree,
  umount2Async,
} from '@scorpiofs/posix';
import { ownedBy, type Owner } from './base-layer.js';
import { openIdMap } from './id-map.js';

export interface OwnerMountsOptions {
  /** The private mount. */
  readonly base: string;
  readonly fileSystem: FileSystem;
  /** To whom everything in it belongs. */
  readonly owner: Owner;
  readonly mountOptions: MountOptions | undefined;
  /** False: as if the kernel had no idmapped FUSE mounts. Default true. */
  readonly idmap: boolean;
}

/**
 * The base as other users own it, for overlays of their jobs: a kernel overlay lets nobody change what belongs to somebody else below. An idmapped clone
 * of the one private mount has everything that the kernel has cached of it (Linux 6.12); else it is mounted a second time with another owner in its attributes.
 */
export class OwnerMounts {
  readonly #options: OwnerMountsOptions;
  readonly #places = new Map<string, Promise<string>>();
  readonly #ends: (() => Promise<unknown>)[] = [];

  constructor(options: OwnerMountsOptions) {
    this.#options = options;
  }

  /** Where a dead daemon may have left some. */
  static directoryOf(base: string): string {
    return `${base}-users`;
  }

  async directoryFor(owner: Owner): Promise<string> {
    const key = `${owner.uid}-${owner.gid}`;
    let place = this.#places.get(key);
    if (place === undefined) {
      place = this.#make(join(OwnerMounts.directoryOf(this.#options.base), key), owner);
      this.#places.set(key, place);
      place.catch(() => this.#places.delete(key));
    }
    return await place;
  }

  /** Before the private mount ends. */
  async close(): Promise<void> {
    await Promise.allSettled(this.#places.values());
    await Promise.allSettled(this.#ends.map((end) => end()));
  }

  async #make(place: string, owner: Owner): Promise<string> {
    await mkdir(place, { recursive: true, mode: 0o700 });
    if (this.#options.idmap && (await this.#clone(place, owner))) return place;
    const { fileSystem, mountOptions } = this.#options;
    const mounted: Mounted = await mount(squashed(fileSystem, owner), place, {
      ...mountOptions,
      readOnly: true,
      transport: 'kernel',
    });
    this.#ends.push(() => mounted.unmount({ busyMs: 1000 }));
    return mounted.mountpoint;
  }

  /** False: this kernel cannot. Nothing here asks the file system, which this process serves: the calls look at mounts alone. */
  async #clone(place: string, owner: Owner): Promise<boolean> {
    let map;
    try {
      map = await openIdMap(this.#options.owner, owner);
    } catch {
      return false;
    }
    try {
      const tree = openTree(AT_FDCWD, this.#options.base, OPEN_TREE.CLONE);
      if (tree < 0) return false;
      try {
        const set = { set: MOUNT_ATTR.IDMAP, usernsFd: map.fd };
        if (mountSetattr(tree, '', AT_EMPTY_PATH, set) < 0) return false;
        const r = moveMount(tree, '', AT_FDCWD, place, MOVE_MOUNT.F_EMPTY_PATH);
        if (r < 0) throw new Error(`moving a mount to ${place} failed: ${errnoName(r) ?? r}`);
      } finally {
        close(tree);
      }
    } finally {
      await map.close();
    }
    this.#ends.push(() => umount2Async(Buffer.from(place), MNT.DETACH | MNT.NOFOLLOW));
    return true;
  }
}

/** A second session of the same file system: what its kernel has cached never changes, so that it need not be told of anything. */
function squashed(fs: FileSystem, owner: Owner): FileSystem {
  return { ...fs, ...ownedBy(fs, owner), init: () => undefined, destroy: () => undefined };
}
