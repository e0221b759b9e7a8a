import { lstat, readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { readMountTable, type MountEntry } from '@scorpiofs/fuse';
import { internal, messageOf } from './error.js';
import { usersRoot } from './mountpoint.js';
import type { AntaresPaths } from './options.js';
import type { JobRecord } from './state/record.js';

/** A directory in the roots that belongs to no job. */
export interface Orphan {
  /** `work` is what lies beside an upper, where the upper is gone. */
  readonly kind: 'mountpoint' | 'cl' | 'upper' | 'work';
  readonly path: string;
  /** When the directory itself was changed last, or its job ended. Milliseconds since 1970. */
  readonly changedMs: number;
}

interface Place {
  readonly kind: Orphan['kind'];
  readonly root: string;
  /** The mount id is the first group. */
  readonly name: RegExp;
}

/** Directories of jobs are named by their mount id; anything else in the roots is somebody else's. */
const ID = '[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}';
const JOB = new RegExp(`^(${ID})$`);
/** A change list that is being built. */
const ASIDE = new RegExp(`^(${ID})\\.${ID}$`);

function placesOf(paths: AntaresPaths): Place[] {
  return [
    { kind: 'mountpoint', root: paths.mountRoot, name: JOB },
    { kind: 'mountpoint', root: usersRoot(paths), name: JOB },
    { kind: 'cl', root: paths.clRoot, name: JOB },
    { kind: 'cl', root: join(paths.clRoot, '.new'), name: ASIDE },
    { kind: 'upper', root: paths.upperRoot, name: JOB },
    { kind: 'work', root: join(paths.upperRoot, '.work'), name: JOB },
  ];
}

type Named = Pick<JobRecord, 'mountId' | 'upperDir' | 'clDir' | 'mountpoint'>;

export interface Search {
  readonly paths: AntaresPaths;
  /** Of every daemon that shares the state file, living or not. */
  readonly records: readonly Named[];
  /** Mount ids of directories that are used though no record names them. */
  readonly inUse: ReadonlySet<string>;
  /** Only what was changed before. Milliseconds since 1970. */
  readonly until: number;
}

/** Only what is surely a job's directory and surely nobody's: named by an id that no record and no mount has. @throws AntaresError */
export async function orphans({ paths, records, inUse, until }: Search): Promise<Orphan[]> {
  const taken = new Set([...inUse, ...records.flatMap(namesOf)]);
  const table = await readMountTable();
  const uppers = new Set(await namesIn(paths.upperRoot));
  const found: Orphan[] = [];
  for (const { kind, root, name } of placesOf(paths))
    for (const one of await namesIn(root)) {
      const id = name.exec(one)?.[1];
      if (id === undefined || taken.has(id) || isMountedSomewhere(table, id)) continue;
      // It goes with its upper.
      if (kind === 'work' && uppers.has(id)) continue;
      const path = join(root, one);
      const changedMs = await changedAt(path);
      if (changedMs === undefined || changedMs > until) continue;
      // What somebody put below a mount point after the unmount is not ours.
      if (kind === 'mountpoint' && (await namesIn(path)).length > 0) continue;
      found.push({ kind, path, changedMs });
    }
  return found;
}

/** Records of 0.2.x's command line name their directories each on its own. */
function namesOf({ mountId, upperDir, clDir, mountpoint }: Named): string[] {
  return [mountId, ...[upperDir, clDir ?? '', mountpoint].map((path) => basename(path))];
}

/** There, below it, a part of it elsewhere, or an overlay that has it as a layer: however the root is spelt. */
function isMountedSomewhere(table: readonly MountEntry[], id: string): boolean {
  return table.some(({ root, mountpoint, superOptions }) =>
    [root, mountpoint, superOptions].some((text) => text.includes(id)),
  );
}

/** Undefined: no directory, or gone meanwhile. */
async function changedAt(path: string): Promise<number | undefined> {
  const stat = await unlessGone(path, lstat(path));
  return stat?.isDirectory() === true ? Math.floor(stat.ctimeMs) : undefined;
}

async function namesIn(directory: string): Promise<string[]> {
  return (await unlessGone(directory, readdir(directory))) ?? [];
}

async function unlessGone<T>(path: string, look: Promise<T>): Promise<T | undefined> {
  try {
    return await look;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw internal(
      `${path} could not be read: ${messageOf(error)}`,
      'Run it as the user that the daemon runs as.',
      error,
    );
  }
}
