import { accessSync, closeSync, constants, existsSync, openSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { osReason } from '@scorpiofs/config';
import { fail, ok, warn, type Finding } from './check.js';

const DEVICE_HINT =
  'load the `fuse` kernel module, or run in a FUSE-capable environment / container with --device /dev/fuse';

export function fuseDevice(device = '/dev/fuse'): Finding {
  return existsSync(device)
    ? ok('fuse device', `${device} is present`)
    : fail('fuse device', `${device} not found (${DEVICE_HINT})`);
}

export function fuseFilesystem(list = '/proc/filesystems'): Finding {
  const name = 'fuse filesystem';
  try {
    const listed = readFileSync(list, 'utf8')
      .split('\n')
      .some((line) => line.trim().split(/\s+/).at(-1) === 'fuse');
    return listed
      ? ok(name, 'kernel supports fuse')
      : warn(name, `\`fuse\` not listed in ${list} (the module may load on demand)`);
  } catch (error) {
    return warn(name, `${list} cannot be read: ${osReason(error)}`);
  }
}

/** `user_allow_other` only matters for mounts with `allow_other` that an ordinary user makes (K-17). */
export function fuseConf(allowOther: boolean, path = '/etc/fuse.conf'): Finding {
  const name = '/etc/fuse.conf';
  const wanted = allowOther && process.geteuid?.() !== 0;
  const why = wanted
    ? 'allow_other is set, so mounting without root will fail'
    : 'only needed for allow_other mounts';
  const hint = wanted
    ? `Add a line \`user_allow_other\` to ${path}, or unset allow_other.`
    : undefined;
  try {
    const enabled = readFileSync(path, 'utf8')
      .split('\n')
      .some((line) => line.trim() === 'user_allow_other');
    return enabled
      ? ok(name, 'user_allow_other is enabled')
      : warn(name, `user_allow_other not enabled (${why})`, hint);
  } catch (error) {
    return warn(name, `cannot be read: ${osReason(error)} (${why})`, hint);
  }
}

export function fuseAccess(device = '/dev/fuse'): Finding {
  const name = 'fuse access';
  try {
    closeSync(openSync(device, constants.O_RDWR));
    return ok(name, `${device} can be opened for reading and writing`);
  } catch (error) {
    const hint =
      'Its usual mode is 0666; where it belongs to a group, add this user to that group.';
    return fail(name, `${device} cannot be opened: ${osReason(error)}`, hint);
  }
}

const CAP_SYS_ADMIN = 21n;

/** Whether this process may call `mount` itself. */
export function mayMount(status = readFileSync('/proc/self/status', 'utf8')): boolean {
  const effective = /^CapEff:\s*([0-9a-f]+)$/m.exec(status)?.[1];
  return effective !== undefined && ((BigInt(`0x${effective}`) >> CAP_SYS_ADMIN) & 1n) === 1n;
}

function inPath(program: string, path: string): string | undefined {
  return path
    .split(delimiter)
    .filter((dir) => dir !== '')
    .map((dir) => join(dir, program))
    .find((file) => {
      try {
        accessSync(file, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}

/** How mounts will be made and taken away: by this process, or by the setuid helper (K-18). */
export function mountMethod(path: string, direct = mayMount()): Finding {
  const name = 'mount method';
  const helper = inPath('fusermount3', path) ?? inPath('fusermount', path);
  if (direct)
    return ok(
      name,
      `directly (CAP_SYS_ADMIN); helper ${helper === undefined ? 'not found and not needed' : helper}`,
    );
  if (helper !== undefined) return ok(name, `through ${helper}, without privileges`);
  return fail(
    name,
    'neither CAP_SYS_ADMIN nor fusermount3 in PATH',
    'Install the package `fuse3`, or run as root.',
  );
}
