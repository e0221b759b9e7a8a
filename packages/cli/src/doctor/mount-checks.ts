import { rmdir } from 'node:fs/promises';
import { detachDeadMounts, readMountTable, type MountEntry } from '@scorpiofs/fuse';
import type { Config } from '@scorpiofs/config';
import { fail, ok, warn, type Finding } from './check.js';
import { holder, isInPlace, isOurs, isTrial, mountOn, OUR_TYPE } from './own-mounts.js';
import { probeMounts } from './probe-mounts.js';

const DETACH_HINT = 'Run `scorpio doctor --fix`, or: fusermount3 -u -z MOUNTPOINT';

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
  const health = (await probeMounts([entry])).get(entry);
  // K-39: read-only, and right so.
  if (health === 'alive') return ok('workspace', `${path} is mounted by a running daemon`);
  if (health === 'dead')
    return fail(
      'workspace',
      `${path}: a mount whose daemon has died`,
      'Start the daemon again, which detaches it, or run `scorpio doctor --fix`.',
    );
  return warn('workspace', `${path}: mounted, but its daemon does not answer`);
}

/** Why a path must not be touched: looking at one in a mount that does not answer would never end. */
export type Silence = (name: string, path: string) => Finding | undefined;

/** Of these paths, which lie in a FUSE mount (anybody's) that is dead or stuck. */
export async function silentMounts(paths: readonly string[]): Promise<Silence> {
  const table = await readMountTable();
  const holders = new Set(paths.map((p) => holder(table, p)).filter((e) => e !== undefined));
  const health = await probeMounts([...holders].filter((e) => e.type.startsWith('fuse')));
  return (name, path) => {
    const entry = holder(table, path);
    const found = entry && health.get(entry);
    if (entry === undefined || found === undefined || found === 'alive') return undefined;
    return found === 'dead'
      ? fail(name, `${path}: in ${entry.mountpoint}, a mount whose daemon has died`, DETACH_HINT)
      : fail(
          name,
          `${path}: in ${entry.mountpoint}, a mount that does not answer`,
          'Its daemon is busy, stopped or waits for something; `scorpio doctor` again in a while.',
        );
  };
}

async function detach(dead: readonly MountEntry[]): Promise<string> {
  const said: string[] = [];
  for (const entry of dead) {
    const options = { types: [OUR_TYPE], timeoutMs: 3000 };
    const { detached, failed } = await detachDeadMounts(entry.mountpoint, options);
    said.push(...detached.map((e) => `detached ${e.mountpoint}`));
    said.push(...failed.map((f) => `cannot detach ${f.entry.mountpoint}: ${f.reason}`));
    if (isTrial(entry)) await rmdir(entry.mountpoint).catch(() => {});
  }
  return said.join('; ') || 'nothing was left to detach';
}

/** Mounts of dead daemons. `--fix` detaches those at this configuration's places; others may be another user's or configuration's and are only named. */
export async function deadMounts(config: Config): Promise<Finding[]> {
  const ours = (await readMountTable()).filter(isOurs);
  const inPlace = isInPlace(config);
  const here = ours.filter(inPlace);
  const elsewhere = ours.filter((e) => !inPlace(e));
  const health = await probeMounts([...here, ...elsewhere]);
  const isDead = (e: MountEntry) => health.get(e) === 'dead';
  const list = (some: readonly MountEntry[]) => some.map((e) => e.mountpoint).join(', ');
  return [
    hereFinding(here, health),
    elsewhere.some(isDead)
      ? warn('dead mounts elsewhere', list(elsewhere.filter(isDead)), DETACH_ELSEWHERE)
      : ok('dead mounts elsewhere', 'none'),
  ];

  function hereFinding(all: readonly MountEntry[], of: typeof health): Finding {
    const name = 'dead mounts';
    const dead = all.filter(isDead);
    if (dead.length > 0) return { ...fail(name, list(dead), DETACH_HINT), fix: () => detach(dead) };
    const stuck = all.filter((e) => of.get(e) === 'stuck').length;
    if (stuck === 0) return ok(name, `none (${all.length} alive)`);
    return warn(
      name,
      `${stuck} of ${all.length} mounts do not answer`,
      'Their daemon is busy, stopped or waits for something; `scorpio doctor` again in a while.',
    );
  }
}

const DETACH_ELSEWHERE =
  'Not of this configuration: --fix with theirs, or fusermount3 -u -z MOUNTPOINT.';
