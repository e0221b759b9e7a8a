import { detachDeadMounts, probeMount, readMountTable, type MountEntry } from '@scorpiofs/fuse';
import type { Config } from '@scorpiofs/config';
import { resolve, sep } from 'node:path';
import { fail, ok, warn, type Finding } from './check.js';

const PROBE_MS = 3000;

/** The mount that is seen at a path, from the table: the path itself is not touched, as a dead or stuck mount answers badly or never. */
export async function mountOn(path: string): Promise<MountEntry | undefined> {
  const wanted = resolve(path);
  return (await readMountTable()).findLast((e) => e.mountpoint === wanted);
}

export const isOurs = (entry: MountEntry): boolean => entry.type.startsWith('fuse.scorpio');

/** The workspace when something is mounted there; undefined where it is an ordinary directory to be probed. */
export async function mountedWorkspace(path: string): Promise<Finding | undefined> {
  const entry = await mountOn(path);
  if (entry === undefined) return undefined;
  if (!isOurs(entry))
    return fail(
      'workspace',
      `${path}: another file system is mounted there (${entry.type})`,
      `Unmount it, or choose another workspace.`,
    );
  const health = await probeMount(entry.mountpoint, PROBE_MS);
  // K-39: read-only, and right so.
  if (health === 'alive') return ok('workspace', `${path} is mounted by a running daemon`);
  if (health === 'dead')
    return fail(
      'workspace',
      `${path}: a mount whose daemon has died`,
      'Start the daemon again, which detaches it, or run `scorpio doctor --fix`.',
    );
  return warn(
    'workspace',
    `${path}: mounted, but its daemon does not answer within ${PROBE_MS} ms`,
  );
}

/** Places in which mounts of ours are looked for. */
function places(config: Config): string[] {
  const { values, derived } = config;
  return [values.workspace, values.antares_mount_root, derived.baseMount].map((p) => resolve(p));
}

const within = (path: string, top: string) => path === top || path.startsWith(top + sep);

/** Mounts of dead daemons below the configured places; `--fix` detaches them. Others' live mounts are never touched. */
export async function deadMounts(config: Config): Promise<Finding> {
  const name = 'dead mounts';
  const tops = places(config);
  const ours = (await readMountTable()).filter(
    (e) => isOurs(e) && tops.some((top) => within(e.mountpoint, top)),
  );
  const health = await Promise.all(ours.map((e) => probeMount(e.mountpoint, PROBE_MS)));
  const count = (what: string) => health.filter((h) => h === what).length;
  const dead = ours.filter((_, i) => health[i] === 'dead').map((e) => e.mountpoint);
  if (dead.length === 0) {
    const stuck = count('stuck');
    return stuck > 0
      ? warn(
          name,
          `${stuck} of ${ours.length} mounts do not answer`,
          'Their daemon is busy, stopped or waits for something; `scorpio doctor` again in a while.',
        )
      : ok(name, `none (${count('alive')} alive)`);
  }
  return {
    ...fail(name, dead.join(', '), 'Run `scorpio doctor --fix`, or: fusermount3 -u -z MOUNTPOINT'),
    fix: async () => {
      const results = await Promise.all(
        dead.map((path) => detachDeadMounts(path, { timeoutMs: PROBE_MS })),
      );
      const detached = results.flatMap((r) => r.detached.map((e) => e.mountpoint));
      const failed = results.flatMap((r) =>
        r.failed.map(({ entry, reason }) => `${entry.mountpoint}: ${reason}`),
      );
      return [`detached ${detached.join(', ') || 'nothing'}`, ...failed].join('; ');
    },
  };
}
