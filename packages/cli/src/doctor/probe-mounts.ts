import { probeMount, type MountEntry, type MountHealth } from '@scorpiofs/fuse';

const PROBE_MS = 3000;
const ALL_MS = 9000;
/** Each probe is a process. */
const AT_ONCE = 8;

/** How each of these mounts is, asked by child processes; what is not asked within nine seconds counts as stuck, like what does not answer within three. */
export async function probeMounts(
  entries: readonly MountEntry[],
): Promise<ReadonlyMap<MountEntry, MountHealth>> {
  const health = new Map<MountEntry, MountHealth>();
  const end = performance.now() + ALL_MS;
  const waiting = [...entries];
  const ask = async () => {
    for (let entry = waiting.shift(); entry !== undefined; entry = waiting.shift()) {
      const left = Math.min(PROBE_MS, end - performance.now());
      health.set(entry, left <= 0 ? 'stuck' : await probeMount(entry.mountpoint, left));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, ask));
  return health;
}
