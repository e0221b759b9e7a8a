import type { Transport, TransportName } from '../transport.js';
import type { SessionOptions } from '../session/session.js';

export interface MountOptions extends SessionOptions {
  /** `auto` (default): the kernel's protocol, or `fuse-native` where that does not work. */
  readonly transport?: TransportName | 'auto' | Transport;
  /** Other users may enter. Without root it needs `user_allow_other` in /etc/fuse.conf. */
  readonly allowOther?: boolean;
  /** The kernel checks permissions by mode and owner. Default true; false leaves it to the file system's `access`. */
  readonly defaultPermissions?: boolean;
  readonly readOnly?: boolean;
  /** Honour set-id bits. Default false (`nosuid`). */
  readonly suid?: boolean;
  /** Honour device files. Default false (`nodev`). */
  readonly dev?: boolean;
  /** Allow programs to be run. Default true. */
  readonly exec?: boolean;
  readonly noatime?: boolean;
  /** First column of `mount` and `df`. Default `scorpiofs`. */
  readonly fsName?: string;
  /** The type is shown as `fuse.<subtype>`. Default `scorpiofs`. */
  readonly subtype?: string;
  /** Largest read request, in bytes. Default: what the kernel can, 1 MiB. */
  readonly maxRead?: number;
  /** Mount over a directory that is not empty. Default false. */
  readonly allowNonEmpty?: boolean;
  /** Read-ahead of the mount in KiB, set where this process may (root). Default 1024. */
  readonly readAheadKiB?: number;
}

/** Options with their defaults, checked. */
export interface ResolvedOptions {
  readonly allowOther: boolean;
  readonly defaultPermissions: boolean;
  readonly readOnly: boolean;
  readonly suid: boolean;
  readonly dev: boolean;
  readonly exec: boolean;
  readonly noatime: boolean;
  readonly fsName: string;
  readonly subtype: string;
  readonly maxRead: number | undefined;
}

export function resolveOptions(o: MountOptions): ResolvedOptions {
  const subtype = o.subtype ?? 'scorpiofs';
  // The kernel cuts the type at the second dot, and mount tables separate by blanks.
  if (!/^[A-Za-z0-9_-]+$/.test(subtype)) throw new TypeError(`not a subtype: ${subtype}`);
  const fsName = o.fsName ?? 'scorpiofs';
  if (fsName === '' || fsName.includes('\0')) throw new TypeError('fsName is empty or has a NUL');
  const { maxRead } = o;
  if (maxRead !== undefined && (!Number.isInteger(maxRead) || maxRead < 4096)) {
    throw new TypeError(`maxRead is ${maxRead}: a whole number of bytes from 4096 on`);
  }
  return {
    allowOther: o.allowOther ?? false,
    defaultPermissions: o.defaultPermissions ?? true,
    readOnly: o.readOnly ?? false,
    suid: o.suid ?? false,
    dev: o.dev ?? false,
    exec: o.exec ?? true,
    noatime: o.noatime ?? false,
    fsName,
    subtype,
    maxRead,
  };
}
