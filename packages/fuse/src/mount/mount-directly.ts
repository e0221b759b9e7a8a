import { close, errno, errnoName, mountAsync, MS } from '@scorpiofs/posix';

import { mountFailed, noRights } from './errors.js';
import { openDevice } from './open-device.js';
import type { ResolvedOptions } from './options.js';

/** Mounts by `mount(2)`, which needs CAP_SYS_ADMIN. Returns the descriptor of the connection, which the caller owns. */
export async function mountDirectly(mountpoint: string, o: ResolvedOptions): Promise<number> {
  const fd = openDevice();
  const r = await mountAsync({
    source: Buffer.from(o.fsName),
    target: Buffer.from(mountpoint),
    type: Buffer.from(`fuse.${o.subtype}`),
    flags: flagsOf(o),
    data: Buffer.from(dataOf(o, fd)),
  });
  if (r === 0) return fd;
  close(fd);
  if (r === -errno.EPERM || r === -errno.EACCES) throw noRights(`mount at ${mountpoint}`);
  throw mountFailed(mountpoint, errnoName(r));
}

function flagsOf(o: ResolvedOptions): number {
  return (
    (o.suid ? 0 : MS.NOSUID) |
    (o.dev ? 0 : MS.NODEV) |
    (o.exec ? 0 : MS.NOEXEC) |
    (o.readOnly ? MS.RDONLY : 0) |
    (o.noatime ? MS.NOATIME : 0)
  );
}

function dataOf(o: ResolvedOptions, fd: number): string {
  const [uid, gid] = [process.geteuid?.() ?? 0, process.getegid?.() ?? 0];
  return [`fd=${fd},rootmode=40000,user_id=${uid},group_id=${gid}`, ...sharedOptions(o)].join(',');
}

/** Options of the FUSE file system itself, the same for `mount(2)` and fusermount3. */
export function sharedOptions(o: ResolvedOptions): readonly string[] {
  return [
    ...(o.allowOther ? ['allow_other'] : []),
    ...(o.defaultPermissions ? ['default_permissions'] : []),
    ...(o.maxRead === undefined ? [] : [`max_read=${o.maxRead}`]),
  ];
}
