import { randomUUID } from 'node:crypto';
import { mkdir, readdir, rename } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { readMountTable } from '@scorpiofs/fuse';
import { layerDirectory, oldLayer } from '../cl/job-layer.js';
import type { Context } from '../context.js';
import { exchangeUppers } from '../exchange-uppers.js';
import { forkUpper } from '../fork-upper.js';
import { nextOnes, PREFIX } from '../replace-mount.js';
import type { JobRecord } from '../state/record.js';
import { workOf } from '../view-mount.js';

/** What a change of layers has left that was killed: mounts first, those in others before these. */
export async function clearChange({ engine, trash }: Context, record: JobRecord): Promise<void> {
  const work = workOf(record);
  for (const { mountpoint } of [...(await readMountTable())].reverse())
    if (mountpoint.startsWith(`${work}/`)) await engine.unmount(mountpoint, true);
  for (const directory of await nextOnes(work))
    await trash.take(directory, undefined, dirname(work));
}

/** The layer that the record names: a change that was killed may have put a new one there already, or have one aside. */
export async function settleLayer(context: Context, record: JobRecord): Promise<void> {
  const { paths, trash } = context;
  const { mountId, cl, clDir } = record;
  const place = clDir ?? layerDirectory(context, record);
  const names = await readdir(dirname(place)).catch(() => []);
  for (const name of names.filter((one) => one.startsWith(`${basename(place)}.old-`))) {
    const kept = join(dirname(place), name);
    if (clDir !== undefined && kept === oldLayer(clDir, cl)) {
      await trash.take(place);
      await rename(kept, place);
    } else await trash.take(kept);
  }
  if (clDir === undefined) await trash.take(place);
  const aside = join(paths.clRoot, '.new');
  for (const name of await readdir(aside).catch(() => []))
    if (name.startsWith(`${mountId}.`))
      await trash.take(join(aside, name), undefined, paths.clRoot);
}

/** Programs are still on the view of a daemon that died: the upper stays theirs, and the job goes on with a second one (fuse-transport §8). */
export async function leaveUpper(
  { trash }: Context,
  record: JobRecord,
  gone: Promise<void>,
): Promise<void> {
  const work = workOf(record);
  const own = join(work, `${PREFIX}${randomUUID()}`);
  await mkdir(own, { recursive: true, mode: 0o700 });
  await forkUpper(record.upperDir, join(own, 'upper'));
  exchangeUppers(join(own, 'upper'), record.upperDir);
  await trash.take(own, gone, dirname(work));
}
