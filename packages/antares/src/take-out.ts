import { readFile } from 'node:fs/promises';
import { errno, errnoName, MNT, umount2Async } from '@scorpiofs/posix';
import type { Process, UnmountResult } from './engine.js';
import { fuseError } from './error.js';
import { processesInside } from './processes-inside.js';
import type { SuperblockWatch } from './superblock-watch.js';

/** What stands before the mount point in a line of the table: id, parent, device, root. */
const FIELDS_BEFORE = 4;

/** Asked several times for each mount: with hundreds of views, taking the whole table apart would be most of the work. */
export async function isMounted(mountpoint: string): Promise<boolean> {
  const table = await readFile('/proc/self/mountinfo', 'latin1');
  const bytes = Buffer.from(mountpoint).toString('latin1');
  const words = ` ${bytes.replace(/[ \t\n\\]/g, escaped)} `;
  for (let at = table.indexOf(words); at >= 0; at = table.indexOf(words, at + 1)) {
    const before = table.slice(table.lastIndexOf('\n', at) + 1, at);
    if (before.split(' ').length === FIELDS_BEFORE) return true;
  }
  return false;
}

/** As the kernel writes it: three octal digits. */
function escaped(character: string): string {
  return `\\${character.charCodeAt(0).toString(8).padStart(3, '0')}`;
}

/** Runs one call that may wait for this process itself. */
export type Limited = (
  what: string,
  mountpoint: string,
  call: () => Promise<number>,
) => Promise<number>;

/**
 * Unmounts by the truth of the mount table. `detach`: a busy mount is taken out of the tree.
 *
 * @throws AntaresError when it is still there
 */
export async function takeOut(
  mountpoint: string,
  detach: boolean,
  limited: Limited,
  watch: (mountpoint: string) => Promise<SuperblockWatch | undefined>,
): Promise<UnmountResult> {
  let detachedFrom: readonly Process[] = [];
  const ends: Promise<void>[] = [];
  // Whoever mounted over it is unmounted with it: what was asked for is that nothing is there.
  while (await isMounted(mountpoint)) {
    const target = Buffer.from(mountpoint);
    const r = await limited('unmounting', mountpoint, () => umount2Async(target, MNT.NOFOLLOW));
    if (r === 0) continue;
    if (r === -errno.EINVAL && !(await isMounted(mountpoint))) break;
    if (r !== -errno.EBUSY) throw unmountFailed(mountpoint, -r);
    const found = await processesInside(mountpoint);
    if (!detach) return { gone: false, inside: found };
    detachedFrom = [...detachedFrom, ...found];
    const watched = await watch(mountpoint);
    if (watched !== undefined) ends.push(watched.ended());
    const d = await limited('detaching', mountpoint, () =>
      umount2Async(target, MNT.DETACH | MNT.NOFOLLOW),
    );
    if (d < 0 && (await isMounted(mountpoint))) throw unmountFailed(mountpoint, -d);
  }
  const ended = ends.length === 0 ? {} : { ended: Promise.all(ends).then(() => undefined) };
  return { gone: true, detachedFrom, ...ended };
}

function unmountFailed(mountpoint: string, code: number): Error {
  return fuseError(
    `unmount failed: ${mountpoint}: ${errnoName(code) ?? `errno ${code}`}`,
    `Try: umount -l '${mountpoint}'`,
  );
}
