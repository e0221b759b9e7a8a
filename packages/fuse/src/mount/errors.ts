/** A mount or unmount that failed: what happened in `message`, what to do next in `hint`. */
export class FuseMountError extends Error {
  override readonly name = 'FuseMountError';

  constructor(
    readonly code: `FUSE_${string}`,
    message: string,
    readonly hint: string,
    cause?: unknown,
  ) {
    super(message, cause === undefined ? undefined : { cause });
  }
}

export function noDevice(device: string, cause?: unknown): FuseMountError {
  return new FuseMountError(
    'FUSE_NO_DEVICE',
    `${device} does not exist or has no driver`,
    'load the kernel module with `modprobe fuse`; a container needs `--device /dev/fuse` (and `--cap-add SYS_ADMIN`)',
    cause,
  );
}

export function noRights(what: string, cause?: unknown): FuseMountError {
  return new FuseMountError(
    'FUSE_NO_RIGHTS',
    `no permission to ${what}`,
    'run as root, or install the package `fuse3` so that `fusermount3` mounts for users; a container needs `--cap-add SYS_ADMIN --device /dev/fuse`, and perhaps `--security-opt apparmor=unconfined`',
    cause,
  );
}

export function noFusermount(): FuseMountError {
  return new FuseMountError(
    'FUSE_NO_FUSERMOUNT',
    'without root, mounting needs the program fusermount3, which is not in PATH',
    'install the package `fuse3`, or run as root',
  );
}

export function fusermountFailed(said: string): FuseMountError {
  const message = `fusermount3 refused: ${said || 'no reason given'}`;
  if (/\/dev\/fuse: Permission denied/.test(said)) {
    return new FuseMountError(
      'FUSE_NO_RIGHTS',
      message,
      '/dev/fuse must be readable and writable for you (mode 0666 on most systems), or run as root',
    );
  }
  const hint = /user_allow_other/.test(said)
    ? 'put a line `user_allow_other` into /etc/fuse.conf, or mount without allow_other'
    : 'see the message of fusermount3; the mount point must belong to you and be writable';
  return new FuseMountError('FUSE_MOUNT_FAILED', message, hint);
}

export function mountFailed(mountpoint: string, reason: string): FuseMountError {
  return new FuseMountError(
    'FUSE_MOUNT_FAILED',
    `mounting at ${mountpoint} failed: ${reason}`,
    'the kernel log (`dmesg`) may say more',
  );
}

export function mountpointMissing(mountpoint: string): FuseMountError {
  return new FuseMountError(
    'FUSE_MOUNTPOINT_MISSING',
    `the mount point ${mountpoint} does not exist`,
    `create it first: mkdir -p '${mountpoint}'`,
  );
}

export function mountpointNotDirectory(mountpoint: string): FuseMountError {
  return new FuseMountError(
    'FUSE_MOUNTPOINT_NOT_DIRECTORY',
    `the mount point ${mountpoint} is not a directory`,
    'name an empty directory',
  );
}

export function mountpointNotEmpty(mountpoint: string): FuseMountError {
  return new FuseMountError(
    'FUSE_MOUNTPOINT_NOT_EMPTY',
    `the mount point ${mountpoint} is not empty`,
    'name an empty directory: what is inside would be hidden while mounted',
  );
}

export function mountpointDenied(mountpoint: string, cause: unknown): FuseMountError {
  return new FuseMountError(
    'FUSE_MOUNTPOINT_DENIED',
    `the mount point ${mountpoint} cannot be entered`,
    'check the owner and mode of the directory and of those above it',
    cause,
  );
}

export function alreadyMounted(mountpoint: string, what: string): FuseMountError {
  return new FuseMountError(
    'FUSE_ALREADY_MOUNTED',
    `${mountpoint} is already a mount point (${what}), and its server is alive`,
    `use another directory, or unmount it first: fusermount3 -u '${mountpoint}'`,
  );
}

export function foreignMount(mountpoint: string, type: string): FuseMountError {
  return new FuseMountError(
    'FUSE_ALREADY_MOUNTED',
    `${mountpoint} is already a mount point (${type})`,
    'use another directory, for example one inside it',
  );
}

export function mountpointDead(mountpoint: string): FuseMountError {
  return new FuseMountError(
    'FUSE_MOUNTPOINT_DEAD',
    `${mountpoint} is on a mount whose server is gone, and it could not be detached`,
    `detach it as root: umount -l '${mountpoint}' (or, as its owner: fusermount3 -uz '${mountpoint}')`,
  );
}

export function mountpointStuck(mountpoint: string, above: string): FuseMountError {
  return new FuseMountError(
    'FUSE_MOUNTPOINT_STUCK',
    `${mountpoint} lies in the mount ${above}, whose server does not answer`,
    'name a directory elsewhere, or end that server',
  );
}

export function insideOwnMount(mountpoint: string, own: string): FuseMountError {
  return new FuseMountError(
    'FUSE_INSIDE_OWN_MOUNT',
    `${mountpoint} lies inside ${own}, which this process serves itself`,
    'name a directory outside: a process that waits for its own mount waits for ever',
  );
}

export function busy(mountpoint: string): FuseMountError {
  return new FuseMountError(
    'FUSE_BUSY',
    `${mountpoint} is in use`,
    `end the programs that have files open or their directory inside (see: fuser -m '${mountpoint}')`,
  );
}

export function unmountFailed(mountpoint: string, reason: string): FuseMountError {
  return new FuseMountError(
    'FUSE_UNMOUNT_FAILED',
    `unmounting ${mountpoint} failed: ${reason}`,
    `try: umount -l '${mountpoint}'`,
  );
}

export function transportUnavailable(name: string, reason: string): FuseMountError {
  return new FuseMountError(
    'FUSE_TRANSPORT_UNAVAILABLE',
    `the transport ${name} does not work here: ${reason}`,
    'set fuse_transport to `kernel` or `auto`',
  );
}
