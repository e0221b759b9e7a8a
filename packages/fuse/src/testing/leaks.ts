import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { isFuse, readMountTable } from '../mount/mount-table.js';
import { OWN_MOUNTS } from './own-folder.js';

/** What ends by itself has ended after this long, on any machine. */
const PATIENCE_MS = 60_000;

/** What a process may leave behind. */
export interface Holdings {
  readonly descriptors: readonly string[];
  readonly mounts: readonly string[];
  readonly children: readonly string[];
  readonly timers: readonly string[];
}

/**
 * The files this process has open, the FUSE mounts whose path starts so (default: those of its own `serveInChild`, for
 * others mount below the temporary folder too), its child processes, its timers.
 */
export async function holdings(mountsBelow = OWN_MOUNTS): Promise<Holdings> {
  return {
    descriptors: descriptors(),
    mounts: (await readMountTable())
      .filter((entry) => isFuse(entry) && entry.mountpoint.startsWith(mountsBelow))
      .map((entry) => entry.mountpoint),
    children: readFileSync(`/proc/self/task/${process.pid}/children`, 'utf8')
      .split(' ')
      .filter(Boolean),
    timers: process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout'),
  };
}

function descriptors(): string[] {
  const found: string[] = [];
  for (const fd of readdirSync('/proc/self/fd')) {
    try {
      found.push(`${fd} -> ${readlinkSync(`/proc/self/fd/${fd}`)}`);
    } catch {
      // The one that listed them.
    }
  }
  return found;
}

/**
 * Remembers what is held now; the result fails when more is held later, after some patience.
 *
 * @example
 * const noLeaks = await leakCheck();
 * afterAll(noLeaks);
 */
export async function leakCheck(mountsBelow = OWN_MOUNTS): Promise<() => Promise<void>> {
  const before = await holdings(mountsBelow);
  return async () => {
    let left: string[] = [];
    const end = performance.now() + PATIENCE_MS;
    do {
      left = more(before, await holdings(mountsBelow));
      if (left.length === 0) return;
      await new Promise((resolve) => setTimeout(resolve, 50));
    } while (performance.now() < end);
    throw new Error(`left behind: ${left.join(', ')}`);
  };
}

function more(before: Holdings, now: Holdings): string[] {
  const left: string[] = [];
  for (const kind of ['descriptors', 'mounts', 'children'] as const) {
    left.push(...now[kind].filter((one) => !before[kind].includes(one)));
  }
  if (now.timers.length > before.timers.length) {
    left.push(`${now.timers.length - before.timers.length} timers`);
  }
  return left;
}
