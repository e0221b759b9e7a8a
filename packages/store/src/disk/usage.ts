import { opendir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { codeOf } from '../errors.js';
import type { Layout } from '../layout.js';
import { segmentId } from '../layout.js';

/** Something on disk that holds contents. */
export interface Holder {
  readonly path: string;
  /** Undefined for a file of one content. */
  readonly segment: number | undefined;
  /** What it takes on the disk, bytes. */
  readonly bytes: number;
  /** Milliseconds. */
  readonly usedAt: number;
}

/** Every segment and every file of its own, by asynchronous calls: a store may hold many. */
export async function* holders(layout: Layout): AsyncGenerator<Holder> {
  for await (const name of names(layout.segments)) {
    const segment = segmentId(name);
    if (segment !== undefined) yield* holder(join(layout.segments, name), segment);
  }
  for await (const first of names(layout.files))
    for await (const rest of names(join(layout.files, first)))
      yield* holder(join(layout.files, first, rest), undefined);
}

export async function* names(directory: string): AsyncGenerator<string> {
  let dir;
  try {
    dir = await opendir(directory);
  } catch (error) {
    const code = codeOf(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return;
    throw error;
  }
  for await (const entry of dir) yield entry.name;
}

async function* holder(path: string, segment: number | undefined): AsyncGenerator<Holder> {
  try {
    const { blocks, mtimeMs } = await stat(path);
    yield { path, segment, bytes: blocks * 512, usedAt: mtimeMs };
  } catch {
    // Removed meanwhile.
  }
}
