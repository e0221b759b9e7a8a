import {
  close,
  FileHandle,
  nameToHandleAt,
  O,
  openByHandleAt,
  AT_EMPTY_PATH,
} from '@scorpiofs/posix';

/** One file system met below the source: a mount, or a btrfs subvolume, which has a device of its own. */
export interface HostMount {
  readonly index: number;
  /** Makes keys of different mounts differ. */
  readonly prefix: string;
  readonly mountId: number;
  readonly dev: number;
  /** Opened for reading, for `openByHandleAt`; -1 without handles. */
  readonly fd: number;
  readonly byHandle: boolean;
  /** EOPNOTSUPP was answered for ACLs once: never ask again. */
  noAcl: boolean;
}

/** Mounts by their id and device. Their descriptors stay open for the life of the file system. */
export class Mounts {
  readonly #all: HostMount[] = [];
  readonly #probe = new FileHandle();

  constructor(private readonly handles: 'auto' | 'never') {}

  find(mountId: number, dev: number): HostMount | undefined {
    return this.#all.find((each) => each.dev === dev && each.mountId === mountId);
  }

  /** `fd`: a directory opened for reading on the new mount. It is owned here from now on. */
  add(mountId: number, dev: number, fd: number): HostMount {
    const byHandle = this.handles === 'auto' && this.#canOpenByHandle(fd);
    if (!byHandle) close(fd);
    const index = this.#all.length;
    const mount: HostMount = {
      index,
      prefix: index === 0 ? '' : `${index}|`,
      mountId,
      dev,
      fd: byHandle ? fd : -1,
      byHandle,
      noAcl: false,
    };
    this.#all.push(mount);
    return mount;
  }

  /** Only trying tells: it needs a capability, and a file system that has handles and finds files by them. */
  #canOpenByHandle(fd: number): boolean {
    if (nameToHandleAt(fd, '', this.#probe, AT_EMPTY_PATH) !== 0) return false;
    const opened = openByHandleAt(fd, this.#probe.key, O.O_PATH);
    if (opened >= 0) close(opened);
    return opened >= 0;
  }

  closeAll(): void {
    for (const mount of this.#all) if (mount.fd >= 0) close(mount.fd);
    this.#all.length = 0;
  }
}
