import { chmodSync, chownSync, lstatSync, mkdirSync, readdirSync, type Dirent } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';
import {
  AT_FDCWD,
  errno,
  errnoName,
  lgetxattr,
  linkat,
  llistxattr,
  lsetxattr,
  mknodat,
  utimensat,
} from '@scorpiofs/posix';
import { fuseError } from './error.js';

/** How long the event loop waits for it at a time. */
const TURN_MS = 2;
const CHARACTER_DEVICE = 0o020000;
const SLASH = Buffer.from('/');

/**
 * An upper for another overlay, since two must never have one: its directories are new, everything else is a second name of the same file. So the two are
 * alike, cost no bytes, and what is written to a file of one is in the other. What somebody removes meanwhile is left out.
 *
 * @throws AntaresError
 */
export async function forkUpper(from: string, to: string): Promise<void> {
  let began = performance.now();
  for (const failed of fork(Buffer.from(from), Buffer.from(to))) {
    if (failed !== 0)
      throw fuseError(
        `the upper ${from} could not be had a second time: ${errnoName(failed) ?? failed}`,
        'See whether its file system has room and inodes, and whether a file there is immutable.',
      );
    if (performance.now() - began < TURN_MS) continue;
    await nextTurn();
    began = performance.now();
  }
}

/** Each step tells its errno. */
function* fork(from: Buffer, to: Buffer): Generator<number> {
  mkdirSync(to, 0o700);
  for (const entry of entriesOf(from)) {
    const one = Buffer.concat([from, SLASH, entry.name]);
    const other = Buffer.concat([to, SLASH, entry.name]);
    if (entry.isDirectory()) yield* fork(one, other);
    else yield link(one, other);
  }
  // Last: what is made in a directory takes from its default access list, and changes its times.
  yield dress(from, to);
}

function entriesOf(directory: Buffer): Dirent<Buffer>[] {
  try {
    return readdirSync(directory, { withFileTypes: true, encoding: 'buffer' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

function link(one: Buffer, other: Buffer): number {
  const r = linkat(AT_FDCWD, one, AT_FDCWD, other);
  // The kernel gives many deletions one inode, up to the limit of the file system.
  if (r === -errno.EMLINK && isDeletion(one)) return mknodat(AT_FDCWD, other, CHARACTER_DEVICE);
  return r === -errno.ENOENT ? 0 : r;
}

function isDeletion(path: Buffer): boolean {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  return stat?.isCharacterDevice() === true && stat.rdev === 0;
}

/** It went meanwhile, or its file system has none. */
const NO_ATTRIBUTES: ReadonlySet<number> = new Set([-errno.ENOENT, -errno.EOPNOTSUPP]);

/** The attributes of a directory, with the marks of the overlay among them. */
function dress(from: Buffer, to: Buffer): number {
  const stat = lstatSync(from, { bigint: true, throwIfNoEntry: false });
  if (stat === undefined) return 0;
  chownSync(to, Number(stat.uid), Number(stat.gid));
  chmodSync(to, Number(stat.mode) & 0o7777);
  const names = llistxattr(from);
  if (typeof names === 'number') return NO_ATTRIBUTES.has(names) ? 0 : names;
  for (const name of names) {
    const value = lgetxattr(from, name);
    // Taken away meanwhile; of anything else a mark could be missing, and with it what it hides.
    if (value === -errno.ENODATA) continue;
    const r = typeof value === 'number' ? value : lsetxattr(to, name, value);
    if (r < 0) return r;
  }
  return utimensat(AT_FDCWD, to, stat.atimeNs, stat.mtimeNs, 0);
}
