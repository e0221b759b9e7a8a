import { spawn } from 'node:child_process';
import { resolve } from 'node:path';

import { errno, MNT, umount2Async } from '@scorpiofs/posix';

import { findFusermount, unmountByFusermount } from './fusermount.js';
import { Lane, waitsForUs } from '../channel/lane.js';
import { isFuse, isInside, mountAt, readMountTable, type MountEntry } from './mount-table.js';

/** `stuck`: its server exists but does not answer, or it may not be asked; such a mount is somebody's and not touched. */
export type MountHealth = 'alive' | 'dead' | 'stuck';

const PROBE_MS = 5000;
/** Each probe is a process. */
const PROBES_AT_ONCE = 4;
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

interface Failed {
  readonly entry: MountEntry;
  readonly reason: string;
}

interface Left {
  readonly entry: MountEntry;
  readonly health: MountHealth;
}

export interface DetachResult {
  readonly detached: readonly MountEntry[];
  /** Dead, but they could not be detached. */
  readonly failed: readonly Failed[];
  /** Not dead, or nobody can tell: not touched. */
  readonly left: readonly Left[];
}

/**
 * Detaches the dead FUSE mounts at and below `prefix`, innermost first. Call it before touching anything there: even `stat`
 * fails on a dead mount, and hangs on a stuck one. A mount whose server lives, or that nobody can tell about, is never
 * touched, nor is one that has other mounts inside (they would go with it).
 */
export async function detachDeadMounts(
  prefix: string,
  options: DetachOptions = {},
): Promise<DetachResult> {
  const { types, timeoutMs = PROBE_MS } = options;
  const result = { detached: [] as MountEntry[], failed: [] as Failed[], left: [] as Left[] };
  const asked = new Map<number, MountHealth>();
  const ask = async (table: readonly MountEntry[], entry: MountEntry) => {
    const known = asked.get(entry.id);
    if (known !== undefined) return known;
    const health = await probeThrough(table, entry, timeoutMs);
    asked.set(entry.id, health);
    return health;
  };
  for (;;) {
    const table = await readMountTable();
    // Only what is on top can be asked by its path; what lies below comes to light in the next round.
    const found = table.filter(
      (e) =>
        isFuse(e) &&
        (types === undefined || types.includes(e.type)) &&
        isInside(e.mountpoint, resolve(prefix)) &&
        !asked.has(e.id) &&
        mountAt(table, e.mountpoint)?.id === e.id,
    );
    if (found.length === 0) return result;
    const lane = new Lane(PROBES_AT_ONCE);
    await Promise.all(found.map((entry) => lane.run(() => ask(table, entry))));
    // Later ones may lie inside earlier ones.
    for (const entry of found.toReversed()) {
      const health = asked.get(entry.id) ?? 'stuck';
      if (health !== 'dead') {
        result.left.push({ entry, health });
        continue;
      }
      const reason = await detachIfEmpty(entry);
      if (reason === undefined) result.detached.push(entry);
      else result.failed.push({ entry, reason });
    }
  }
}

/** A mount inside another FUSE mount is reached through that one: unless it lives, its silence says nothing. */
async function probeThrough(
  table: readonly MountEntry[],
  entry: MountEntry,
  timeoutMs: number,
): Promise<MountHealth> {
  let parent = table.find((e) => e.id === entry.parentId);
  while (parent !== undefined && parent.id !== parent.parentId) {
    if (isFuse(parent) && (await probeMount(parent.mountpoint, timeoutMs)) !== 'alive')
      return 'stuck';
    const { parentId } = parent;
    parent = table.find((e) => e.id === parentId);
  }
  return probeMount(entry.mountpoint, timeoutMs);
}

async function detachIfEmpty(entry: MountEntry): Promise<string | undefined> {
  const before = await readMountTable();
  if (before.some((e) => e.parentId === entry.id)) return 'other mounts lie inside it';
  // Somebody may have mounted there in the meantime: that one is not ours to take.
  if (mountAt(before, entry.mountpoint)?.id !== entry.id) return 'another mount lies on top of it';
  const reason = await detach(entry.mountpoint);
  const gone = !(await readMountTable()).some((e) => e.id === entry.id);
  return gone ? undefined : (reason ?? 'it is still in the mount table');
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
