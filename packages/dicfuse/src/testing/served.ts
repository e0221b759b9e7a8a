import { writeFile } from 'node:fs/promises';
import type { FileSystem } from '@scorpiofs/fuse';
import { MegaClient } from '@scorpiofs/mega-client';
import type { Oid } from '@scorpiofs/objects';
import { Store } from '@scorpiofs/store';
import { PathToucher } from '../path-toucher.js';
import { RevisionBase } from '../revision-base.js';
import { View } from '../view.js';

export interface ServedOptions {
  readonly url: string;
  readonly storePath: string;
  readonly commits: readonly Oid[];
  /** SIGUSR2 moves the view to the next commit, if there is one, and makes this file once all that was seen is on disk. */
  readonly moved?: string;
}

/** For `serveInChild`: a view of the first commit, from a server and with a store on disk. */
export async function createView(options: ServedOptions): Promise<FileSystem> {
  const { commits, moved } = options;
  const [first, ...next] = commits;
  if (first === undefined) throw new Error('no commit');
  const source = new MegaClient({ baseUrl: options.url });
  const store = await Store.open(options.storePath);
  const view = await View.open({ source, store, revision: { commit: first } });
  const move = async (): Promise<void> => {
    const commit = next.shift();
    if (commit !== undefined) await view.moveTo({ commit });
    await store.flushed();
    if (moved !== undefined) await writeFile(moved, 'moved');
  };
  const onSignal = (): void => void move();
  process.on('SIGUSR2', onSignal);
  return ending(view.fileSystem, async () => {
    process.off('SIGUSR2', onSignal);
    await view.close();
    await store.close();
    await source.close();
  });
}

/** For `serveInChild`: all commits side by side. */
export async function createRevisions(options: ServedOptions): Promise<FileSystem> {
  const source = new MegaClient({ baseUrl: options.url });
  const store = await Store.open(options.storePath);
  const toucher = new PathToucher();
  // The mount point is the last word of the order that this child was started with.
  const { mountpoint } = JSON.parse(process.argv[2] ?? '{}') as { mountpoint?: string };
  const reconnect = (path: string): Promise<void> => toucher.touch(`${mountpoint}${path}`);
  const base = new RevisionBase({ source, store, reconnect });
  for (const commit of options.commits) await base.addRevision({ commit });
  return ending(base.fileSystem, async () => {
    await toucher.close();
    await base.close();
    await store.close();
    await source.close();
  });
}

function ending(fs: FileSystem, end: () => Promise<void>): FileSystem {
  return {
    ...fs,
    async destroy() {
      await fs.destroy?.();
      await end();
    },
  };
}
