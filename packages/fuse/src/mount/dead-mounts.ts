import { spawn } from 'node:child_process';
import { resolve } from 'node:path';

import { errno, MNT, umount2Async } from '@scorpiofs/posix';

import { findFusermount, unmountByFusermount } from './fusermount.js';
import { waitsForUs } from '../channel/lane.js';
import { isFuse, isInside, mountAt, readMountTable, type MountEntry } from './mount-table.js';

/** `stuck`: its server exists but does not answer, or it may not be asked; such a mount is somebody's and not touched. */
export type MountHealth = 'alive' | 'dead' | 'stuck';

const PROBE_MS = 5000;
/** Asks the server of the mount itself: `stat` may be answered from the kernel's cache long after the server has died. */
const PROBE = `require('fs').statfs(process.argv[1], (e) => {
  process.exitCode = e === null ? 0 : e.code === 'ENOTCONN' ? 3 : e.code === 'ECONNABORTED' ? 3 : 4;
});`;

/** All FUSE mounts of this mount namespace, in mount order, as the table has them: no file system is asked. */
export async function findMounts(under = '/'): Promise<readonly MountEntry[]> {
  const directory = resolve(under);
  return (await readMountTable()).filter((e) => isFuse(e) && isInside(e.mountpoint, directory));
}

/**
 * Whether the server of the FUSE mount seen at `mountpoint` still has its connection. A child process asks, because whoever
 * asks may hang for as long as the server likes; it is killed after `timeoutMs` and its end is not waited for.
 */
export async function probeMount(mountpoint: string, timeoutMs = PROBE_MS): Promise<MountHealth> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, ['-e', PROBE, mountpoint], {
      cwd: '/',
      stdio: 'ignore',
      env: {},
    });
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      // It may stay until the server answers; that must not keep this process.
      child.unref();
      done('stuck');
    }, timeoutMs);
    const done = (health: MountHealth) => {
      clearTimeout(timer);
      resolve(health);
    };
    child.once('error', () => done('stuck'));
    child.once('exit', (code) => done(code === 3 ? 'dead' : code === 0 ? 'alive' : 'stuck'));
  });
}

export interface DetachOptions {
  /** Only mounts of these types, e.g. `fuse.scorpiofs`. Default: every FUSE type. */
  readonly types?: readonly string[];
  readonly timeoutMs?: number;
}

export interface DetachResult {
  readonly detached: readonly MountEntry[];
  /** Dead, but the kernel did not let us. */
  readonly failed: readonly { readonly entry: MountEntry; readonly reason: string }[];
  readonly left: readonly { readonly entry: MountEntry; readonly health: MountHealth }[];
}

/**
 * Detaches the dead FUSE mounts at and below `prefix`, innermost first. Call it before touching anything there: even `stat`
 * fails on a dead mount, and hangs on a stuck one. A mount whose server lives is never touched.
 */
export async function detachDeadMounts(
  prefix: string,
  options: DetachOptions = {},
): Promise<DetachResult> {
  const { types, timeoutMs = PROBE_MS } = options;
  const detached: MountEntry[] = [];
  const failed: { entry: MountEntry; reason: string }[] = [];
  const left: { entry: MountEntry; health: MountHealth }[] = [];
  const seen = new Set<number>();
  for (;;) {
    const table = await readMountTable();
    // Only what is on top can be asked by its path; what lies below comes to light after it.
    const entry = table.findLast(
      (e) =>
        isFuse(e) &&
        (types === undefined || types.includes(e.type)) &&
        isInside(e.mountpoint, resolve(prefix)) &&
        !seen.has(e.id) &&
        mountAt(table, e.mountpoint)?.id === e.id,
    );
    if (entry === undefined) return { detached, failed, left };
    seen.add(entry.id);
    const health = await probeMount(entry.mountpoint, timeoutMs);
    if (health !== 'dead') {
      left.push({ entry, health });
      continue;
    }
    const reason = await detach(entry.mountpoint);
    const gone = !(await readMountTable()).some((e) => e.id === entry.id);
    if (gone) detached.push(entry);
    else failed.push({ entry, reason: reason ?? 'still in the mount table' });
  }
}

/** Takes the mount at this path out of the tree, however busy. Undefined: done. */
export async function detach(mountpoint: string): Promise<string | undefined> {
  const target = Buffer.from(mountpoint);
  const r = await waitsForUs.run(() => umount2Async(target, MNT.DETACH | MNT.NOFOLLOW));
  if (r === 0) return undefined;
  if (r === -errno.EPERM && findFusermount() !== undefined) {
    return unmountByFusermount(mountpoint, true);
  }
  return `errno ${-r}`;
}
