import type { FileSystem } from '@scorpiofs/fuse';
import type { Revision } from '@scorpiofs/objects';
import { fileSystemOf } from './file-system.js';
import { move, type MoveResult } from './move.js';
import { closeBase, newBase, type BaseOptions } from './new-base.js';
import { pin } from './pin.js';
import { prefetch, type PrefetchOptions, type PrefetchResult } from './prefetch.js';
import type { PinnedRoot } from './root.js';
import type { Base } from './state.js';
import { statsOf, type DicfuseStats } from './stats.js';

export interface ViewOptions extends BaseOptions {
  readonly revision: Revision;
  /** Allow idmapped clones of the mount (needs `default_permissions`). Default false. */
  readonly allowIdmap?: boolean;
  readonly signal?: AbortSignal;
}

/** One revision, or one directory of it, as a read-only file system that can be moved to another revision. */
export class View implements AsyncDisposable {
  readonly fileSystem: FileSystem;
  #moving: Promise<unknown> = Promise.resolve();

  /** Resolves when its first listing can be served. @throws DicfuseError */
  static async open(options: ViewOptions): Promise<View> {
    const base = newBase(options, 'single');
    try {
      const root = await pin(base, 0, options.revision, options.signal);
      return new View(base, root, options.allowIdmap ?? false);
    } catch (error) {
      closeBase(base);
      throw error;
    }
  }

  private constructor(
    private readonly base: Base,
    private readonly root: PinnedRoot,
    allowIdmap: boolean,
  ) {
    this.fileSystem = fileSystemOf(base, allowIdmap);
  }

  get revision(): Revision {
    return this.root.revision;
  }

  /**
   * Shows another revision from now on. The kernel drops exactly what differs; files that are open go on with their old content.
   * A failure leaves the view where it is.
   *
   * @throws DicfuseError, FsError
   */
  async moveTo(revision: Revision, signal?: AbortSignal): Promise<MoveResult> {
    const moved = this.#moving.then(() => move(this.base, this.root, revision, signal));
    this.#moving = moved.catch(() => undefined);
    return await moved;
  }

  /** Brings listings, then contents, into the store before they are needed. */
  async prefetch(options: PrefetchOptions = {}): Promise<PrefetchResult> {
    return await prefetch(this.base, this.root, options);
  }

  stats(): DicfuseStats {
    return statsOf(this.base);
  }

  /** Ends what is being fetched. Source and store stay open. */
  async close(): Promise<void> {
    closeBase(this.base);
    await this.#moving;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
