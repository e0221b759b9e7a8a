import { existsSync, rmdirSync, writeFileSync } from 'node:fs';
import { MNT, mount, umount2 } from '@scorpiofs/posix';
import { readMountTable } from '../mount/mount-table.js';

const CONNECTIONS = '/sys/fs/fuse/connections';

/**
 * Ends a FUSE mount that may be stuck, without touching what is inside: aborts its connection, detaches it, removes the
 * empty directory. Harmless where there is none.
 */
export async function endMount(mountpoint: string): Promise<void> {
  for (;;) {
    const here = (await readMountTable()).filter((entry) => entry.mountpoint === mountpoint);
    const top = here.at(-1);
    if (top === undefined) break;
    abort(top.device);
    if (umount2(mountpoint, MNT.DETACH) !== 0) break;
  }
  try {
    rmdirSync(mountpoint);
  } catch {
    // Gone, or no longer empty, which then is somebody's.
  }
}

/** Every request of the connection fails from now on; whoever waits in one is let go. */
function abort(device: string): void {
  const connection = device.split(':')[1];
  if (!existsSync(`${CONNECTIONS}/${connection}`)) {
    mount({ source: 'none', target: CONNECTIONS, type: 'fusectl', flags: 0 });
  }
  try {
    writeFileSync(`${CONNECTIONS}/${connection}/abort`, '1');
  } catch {
    // The connection has ended meanwhile, or this process may not.
  }
}
