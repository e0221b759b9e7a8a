import { randomUUID } from 'node:crypto';
import { lchown, mkdir, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { RepoPath } from '@scorpiofs/objects';
import type { Owner } from '../below/base-layer.js';
import type { Context } from '../context.js';
import { AntaresError, internal, messageOf } from '../error.js';
import type { Job } from '../job.js';
import { normalisePath } from '../request.js';
import { ownerOf } from '../view-mount.js';
import { buildLayer } from './build-layer.js';

/** A whole layer, not yet anybody's. */
export interface Aside {
  readonly directory: string;
  readonly path: RepoPath | undefined;
  readonly skipped: number;
}

/** Where a job's layer lies when it is the job's. */
export function layerDirectory({ paths }: Context, job: Pick<Job, 'mountId'>): string {
  return join(paths.clRoot, job.mountId);
}

/** Where the layer of a change list lies while another takes its place. A start after a kill knows by the name whether the record was written before. */
export function oldLayer(clDir: string, cl: string | undefined): string {
  return `${clDir}.old-${cl ?? ''}`;
}

export function clPathOf(given: string | null | undefined): RepoPath | undefined {
  return given === null || given === undefined
    ? undefined
    : Buffer.from(normalisePath(given)).toString('latin1');
}

/** For a view that is not mounted yet. */
export async function placeLayer(
  context: Context,
  job: Job,
  cl: string,
  given: RepoPath | undefined,
): Promise<void> {
  const aside = await buildAside(context, job, cl, given);
  const clDir = layerDirectory(context, job);
  await rename(aside.directory, clDir);
  Object.assign(job, { cl, clDir, clPath: aside.path, clSkipped: aside.skipped });
}

/** A failure leaves nothing. @throws AntaresError */
export async function buildAside(
  { paths, base, wire, source, store }: Context,
  job: Job,
  link: string,
  given: RepoPath | undefined,
): Promise<Aside> {
  const directory = join(paths.clRoot, '.new', `${job.mountId}.${randomUUID()}`);
  await mkdir(dirname(directory), { recursive: true, mode: 0o700 });
  try {
    const layer = await buildLayer(
      { wire, source, store },
      {
        link,
        directory: given,
        view: Buffer.from(job.path).toString('latin1'),
        target: directory,
        baseKind: (path) => base.kind(job.revision, path),
      },
    );
    const owner = ownerOf(job);
    if (owner !== undefined) await giveTo(directory, owner);
    return { directory, path: layer.directory, skipped: layer.skipped };
  } catch (error) {
    await rm(directory, { recursive: true, force: true });
    if (error instanceof AntaresError) throw error;
    throw internal(
      `the CL layer could not be built: ${messageOf(error)}`,
      'See whether antares_cl_root has room and can be written.',
      error,
    );
  }
}

/** Another user's job may change what its change list brings. */
async function giveTo(path: string | Buffer, owner: Owner): Promise<void> {
  await lchown(path, owner.uid, owner.gid);
  const entries = await readdir(path, { withFileTypes: true, encoding: 'buffer' });
  for (const entry of entries) {
    const one = Buffer.concat([Buffer.from(path), SLASH, entry.name]);
    if (entry.isDirectory()) await giveTo(one, owner);
    else await lchown(one, owner.uid, owner.gid);
  }
}

const SLASH = Buffer.from('/');
