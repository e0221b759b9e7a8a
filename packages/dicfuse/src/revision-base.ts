import { ROOT_NODE, type FileSystem } from '@scorpiofs/fuse';
import type { Oid, Revision } from '@scorpiofs/objects';
import { DicfuseError, outOfRoots } from './failure.js';
import { fileSystemOf } from './file-system.js';
import { LAST_ROOT } from './ids/node-id.js';
import { numberRow, readNumber } from './ids/place-counter.js';
import { closeBase, newBase, type BaseOptions } from './new-base.js';
import { pin, unpin } from './pin.js';
import { prefetch, type PrefetchOptions, type PrefetchResult } from './prefetch.js';
import { revisionName } from './revisions.js';
import type { PinnedRoot } from './root.js';
import type { Base } from './state.js';
import { statsOf, type DicfuseStats } from './stats.js';

export interface RevisionBaseOptions extends BaseOptions {
  /** Allow idmapped clones of the mount (needs `default_permissions`). Default false. */
  readonly allowIdmap?: boolean;
}

/** Any number of revisions side by side in one file system: `<commit id>/…` (D11). None of them ever changes. */
export class RevisionBase implements AsyncDisposable {
  readonly fileSystem: FileSystem;
  readonly #base: Base;
  readonly #roots = new Map<Oid, Promise<PinnedRoot>>();

  constructor(options: RevisionBaseOptions) {
    this.#base = newBase(options, 'revisions');
    this.fileSystem = fileSystemOf(this.#base, options.allowIdmap ?? false);
  }

  /**
   * Resolves with the name of the revision's directory when its first listing can be served. A revision keeps its node numbers
   * when it is added again, also after a restart.
   *
   * @throws DicfuseError
   */
  async addRevision(revision: Revision, signal?: AbortSignal): Promise<string> {
    const { commit } = revision;
    let root = this.#roots.get(commit);
    if (root === undefined) {
      root = this.#pin(revision, signal);
      this.#roots.set(commit, root);
      root.catch(() => this.#roots.delete(commit));
    }
    return revisionName(await root);
  }

  /** Its directory is gone from now on; what is mounted over it must be unmounted before. */
  async removeRevision(commit: Oid): Promise<void> {
    const root = await this.#roots.get(commit);
    if (root === undefined) return;
    this.#roots.delete(commit);
    unpin(this.#base, root);
    this.#base.notify?.invalEntry(ROOT_NODE, revisionName(root));
    this.#topChanged();
  }

  /** @throws DicfuseError for a revision that was not added. */
  async prefetch(commit: Oid, options: PrefetchOptions = {}): Promise<PrefetchResult> {
    const root = await this.#roots.get(commit);
    if (root === undefined) throw notAdded(commit);
    return await prefetch(this.#base, root, options);
  }

  stats(): DicfuseStats {
    return statsOf(this.#base);
  }

  /** Ends what is being fetched. Source and store stay open. */
  async close(): Promise<void> {
    closeBase(this.#base);
    await Promise.allSettled(this.#roots.values());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #pin(revision: Revision, signal: AbortSignal | undefined): Promise<PinnedRoot> {
    const root = await pin(this.#base, rootIndex(this.#base, revision.commit), revision, signal);
    this.#topChanged();
    return root;
  }

  #topChanged(): void {
    this.#base.rootsTime = Math.max(Date.now(), this.#base.rootsTime + 1);
    this.#base.notify?.invalInode(ROOT_NODE, 0, 0);
  }
}

/** The number of a revision, the same for ever, from 1 on. */
function rootIndex({ store, prefix }: Base, commit: Oid): number {
  const known = store.fact(`${prefix}r${commit}`);
  if (known !== undefined) return readNumber(known);
  let index = 0;
  store.changeFact(`${prefix}roots`, (old) => {
    index = (old === undefined ? 0 : readNumber(old)) + 1;
    if (index > LAST_ROOT) throw outOfRoots();
    return numberRow(index);
  });
  return readNumber(store.changeFact(`${prefix}r${commit}`, (old) => old ?? numberRow(index)));
}

function notAdded(commit: Oid): DicfuseError {
  return new DicfuseError(
    'DICFUSE_NO_REVISION',
    `revision ${commit} is not shown`,
    'Add it first.',
  );
}
