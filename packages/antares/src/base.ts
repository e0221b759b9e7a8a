import { join } from 'node:path';
import { chmod, mkdir } from 'node:fs/promises';
import { PathToucher, RevisionBase, type RevisionBaseOptions } from '@scorpiofs/dicfuse';
import { detachDeadMounts, mount, type MountOptions, type Mounted } from '@scorpiofs/fuse';
import { parseOid, type EntryKind, type Revision, type Source } from '@scorpiofs/objects';
import type { Store } from '@scorpiofs/store';
import { listable, lookUp, namesIn } from './base-lookup.js';
import { fuseError, invalid, messageOf } from './error.js';
import { within } from './within.js';

export interface BaseOptions {
  readonly source: Source;
  readonly store: Store;
  /** The private mount point, mode 0700. */
  readonly directory: string;
  readonly uid?: number | undefined;
  readonly gid?: number | undefined;
  /** Whether contents are served. Default true. */
  readonly readable?: boolean | undefined;
  readonly mountOptions?: MountOptions | undefined;
  readonly onDropped?: RevisionBaseOptions['onDropped'] | undefined;
  /** Milliseconds that the first listing of a view may take. Default 120,000. */
  readonly limitMs?: number | undefined;
}

/** The one private, read-only mount below all views: every pinned revision side by side (D11). */
export class Base implements AsyncDisposable {
  readonly #options: BaseOptions;
  readonly #toucher: PathToucher;
  readonly #revisions: RevisionBase;
  readonly #mounted: Mounted;
  readonly #users = new Map<string, number>();
  #head: Promise<Revision> | undefined;

  static async open(options: BaseOptions): Promise<Base> {
    const { source, store, uid, gid, readable = true, onDropped } = options;
    const directory = await freeDirectory(options.directory);
    await mkdir(directory, { recursive: true, mode: 0o700 });
    // Node's mode is cut by the umask and ignored where the directory was there.
    await chmod(directory, 0o700);
    const toucher = new PathToucher();
    const revisions = new RevisionBase({
      source,
      store,
      namespace: `antares ${directory}`,
      readable,
      reconnect: (path) => toucher.touch(`${directory}${path}`),
      ...(onDropped !== undefined && { onDropped }),
      ...(uid !== undefined && { uid }),
      ...(gid !== undefined && { gid }),
    });
    try {
      const mounted = await mount(revisions.fileSystem, directory, {
        ...options.mountOptions,
        readOnly: true,
        transport: 'kernel',
      });
      return new Base(options, toucher, revisions, mounted);
    } catch (error) {
      await revisions.close();
      await toucher.close();
      throw error;
    }
  }

  private constructor(
    options: BaseOptions,
    toucher: PathToucher,
    revisions: RevisionBase,
    mounted: Mounted,
  ) {
    this.#options = options;
    this.#toucher = toucher;
    this.#revisions = revisions;
    this.#mounted = mounted;
  }

  /** Resolves when the mount has ended, whoever wanted that. */
  get ended(): Promise<unknown> {
    return this.#mounted.closed;
  }

  /** Where a directory of a revision lies. */
  directoryOf(commit: string, path: string): string {
    return join(this.#mounted.mountpoint, commit, path);
  }

  /** The newest revision; while the server cannot be asked, the one that was newest before. Asked once for all who wait. */
  async head(): Promise<Revision> {
    this.#head ??= this.#askHead().finally(() => (this.#head = undefined));
    return await this.#head;
  }

  /**
   * Resolves when the first listing of `path` can be served; the revision stays until `release`.
   *
   * @throws AntaresError: no such directory (400), or its listing cannot be had (500; W-30, W-82)
   */
  async hold(commit: string, path: string): Promise<void> {
    this.#users.set(commit, (this.#users.get(commit) ?? 0) + 1);
    const ms = this.#options.limitMs ?? 120_000;
    const stop = new AbortController();
    try {
      const found = await within(ms, this.#first(commit, path, stop.signal), () =>
        fuseError(`the listing of ${path} did not come within ${ms} ms`, HINT),
      );
      if (found !== true)
        throw invalid(
          found === undefined
            ? `path ${path} does not exist at revision ${commit}`
            : `path ${path} is not a directory`,
          'Check the path with the server; paths are case-sensitive.',
        );
    } catch (error) {
      stop.abort();
      await this.release(commit);
      if (error instanceof Error && error.name === 'AntaresError') throw error;
      throw fuseError(`the listing of ${path} could not be had: ${messageOf(error)}`, HINT, error);
    }
  }

  /** A revision that no view uses goes. */
  async release(commit: string): Promise<void> {
    const left = (this.#users.get(commit) ?? 0) - 1;
    if (left > 0) this.#users.set(commit, left);
    else {
      this.#users.delete(commit);
      await this.#revisions.removeRevision(parseOid(commit));
    }
  }

  /** What the base has at a path (one character per byte), asked without the kernel. Undefined: nothing. */
  async kind(commit: string, path: string): Promise<EntryKind | undefined> {
    const attr = await lookUp(this.#revisions.fileSystem, `${commit}${path}`);
    if (attr === undefined) return undefined;
    switch (attr.mode & 0o170000) {
      case 0o040000:
        return 'directory';
      case 0o120000:
        return 'symlink';
      default:
        return (attr.mode & 0o100) === 0 ? 'file' : 'executable';
    }
  }

  async names(commit: string, path: string): Promise<string[]> {
    return await namesIn(this.#revisions.fileSystem, `${commit}${path}`);
  }

  /** What the kernel has asked for. */
  get requests(): Mounted['stats'] {
    return this.#mounted.stats;
  }

  stats(): ReturnType<RevisionBase['stats']> {
    return this.#revisions.stats();
  }

  async close(): Promise<void> {
    await this.#mounted.unmount({ busyMs: 1000 });
    await this.#revisions.close();
    await this.#toucher.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #first(commit: string, path: string, signal: AbortSignal): Promise<boolean | undefined> {
    await this.#revisions.addRevision({ commit: parseOid(commit) }, signal);
    const bytes = Buffer.from(path).toString('latin1');
    return await listable(this.#revisions.fileSystem, `${commit}${bytes}`, signal);
  }

  async #askHead(): Promise<Revision> {
    const { source, store } = this.#options;
    try {
      const head = await source.head();
      store.putFact(HEAD, Buffer.from(head.commit));
      return head;
    } catch (error) {
      const known = store.fact(HEAD);
      if (known !== undefined) return { commit: parseOid(Buffer.from(known).toString()) };
      throw fuseError(`the server's head could not be had: ${messageOf(error)}`, HINT, error);
    }
  }
}

/** Another daemon that lives may have the first one: then `base.2`, and so on (D13). */
async function freeDirectory(directory: string): Promise<string> {
  for (let n = 1; ; n++) {
    const here = n === 1 ? directory : `${directory}.${n}`;
    // Before the path is touched: even mkdir fails on a dead mount.
    const { left } = await detachDeadMounts(here, { types: ['fuse.scorpiofs'] });
    if (left.length === 0) return here;
  }
}

const HEAD = 'antares/head';
const HINT = 'Check that the server runs and that base_url is right; then repeat the request.';
