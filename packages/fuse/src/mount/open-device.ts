import { AT_FDCWD, errno, errnoName, O, openat } from '@scorpiofs/posix';

import { mountFailed, noDevice, noRights } from './errors.js';

export const FUSE_DEVICE = '/dev/fuse';

/** Descriptor of a new connection that is not mounted yet; non-blocking, close-on-exec. The caller owns it. */
export function openDevice(device = FUSE_DEVICE): number {
  const fd = openat(AT_FDCWD, Buffer.from(device), O.O_RDWR | O.O_NONBLOCK | O.O_CLOEXEC);
  if (fd >= 0) return fd;
  if (fd === -errno.EACCES || fd === -errno.EPERM) throw noRights(`open ${device}`);
  if ([errno.ENOENT, errno.ENXIO, errno.ENODEV].some((missing) => fd === -missing)) {
    throw noDevice(device);
  }
  throw mountFailed(device, errnoName(fd));
}
