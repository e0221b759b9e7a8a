import { join } from 'node:path';
import { RevisionBase, type RevisionBaseOptions } from '@scorpiofs/dicfuse';
import {
  detachDeadMounts,
  type FileSystem,
  type MountOptions,
  type MountStats,
} from '@scorpiofs/fuse';
import { parseOid, type EntryKind, type Revision, type Source } from '@scorpiofs/objects';
import type { Store } from '@scorpiofs/store';
import { hold, listable, lookUp, type HeldEntry } from './base-lookup.js';
import { BaseMount, namespaceOf } from './base-mount.js';
import type { Owner } from './below/base-layer.js';
import { OwnerMounts } from './below/owner-mounts.js';
import { fuseError, invalid, messageOf } from './error.js';
import { within } from './within.js';

export interface BaseOptions {
  readonly source: Source;
  readonly store: Store;
  /** The private mount point, mode 0700. Node numbers belong to it, also where it is not mounted. */
  readonly directory: string;
  /** False: the base is used in this process alone. Default true. */
  readonly mounted?: boolean;
  readonly uid?: number | undefined;
  readonly gid?: number | undefined;
  /** Whether contents are served. Default true. */
  readonly readable?: boolean | undefined;
  readonly mountOptions?: MountOptions | undefined;
  readonly onDropped?: RevisionBaseOptions['onDropped'] | undefined;
  /** Whether jobs of other users may have an idmapped clone of the mount. Default true; false: it is mounted again for each of them. */
  readonly idmap?: boolean;
  /** Milliseconds that the first listing of a view may take. Default 120,000. */
  readonly limitMs?: number | undefined;
}

/** What lies below all views: every pinned revision side by side (D11), and where it is wanted one private, read-only mount of it. */
export class Base implements AsyncDisposable {
  readonly #options: BaseOptions;
  #revisions: RevisionBase;
  #mount: BaseMount | undefined;
  readonly #users = new Map<string, number>();
  readonly #listeners = new Set<(again: Promise<void>) => void>();
  #head: Promise<Revision> | undefined;
  /** Resolves when the mount that took the place of a lost one is there, or is given up. */
  #again: Promise<void> = Promise.resolve();
  #closing = false;

  static async open(options: BaseOptions): Promise<Base> {
    // Also where none is wanted: one of a daemon that died is in nobody's way then.
    const directory = await freeDirectory(options.directory);
    if (options.mounted === false) {
      const namespace = namespaceOf(directory);
      const revisions = new RevisionBase({ ...sharedOf(options), namespace });
      return new Base({ ...options, directory }, revisions, undefined);
    }
    const mounted = await mountBase(options, directory);
    return new Base({ ...options, directory: mounted.directory }, mounted.revisions, mounted);
  }

  private constructor(
    options: BaseOptions,
    revisions: RevisionBase,
    mounted: BaseMount | undefined,
  ) {
    this.#options = options;
    this.#revisions = revisions;
    this.#mount = mounted;
    this.#watch();
  }

  /**
   * Calls `listener` when the private mount has ended though nobody closed it here: its connection was aborted, or somebody unmounted it. Every kernel overlay over it is dead
   * then; new ones can be made when `again` has resolved.
   */
  onLost(listener: (again: Promise<void>) => void): void {
    this.#listeners.add(listener);
  }

  /** The private mount point, which is this process's alone (`base.2` where another daemon has the first). */
  get directory(): string {
    return this.#options.directory;
  }

  /** For layers in this process. */
  get fileSystem(): FileSystem {
    return this.#revisions.fileSystem;
  }

  /** Where a directory of a revision lies in the private mount, as its own or as another owner's. Undefined: nothing is mounted. */
  async directoryOf(
    commit: string,
    path: string,
    owner: Owner | undefined,
  ): Promise<string | undefined> {
    await this.#again;
    if (this.#mount === undefined) return undefined;
    const { directory, owners } = this.#mount;
    return join(owner === undefined ? directory : await owners.directoryFor(owner), commit, path);
  }

  /** The node of a directory of a revision, which must be held. It stays until `release`. @throws AntaresError */
  async nodeOf(commit: string, path: string): Promise<HeldEntry> {
    const bytes = Buffer.from(path).toString('latin1');
    const found = await hold(this.fileSystem, `${commit}${bytes}`);
    if (found === undefined) throw noDirectory(commit, path);
    return found;
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
      if (found === undefined) throw noDirectory(commit, path);
      if (!found) throw invalid(`path ${path} is not a directory`, CHECK_PATH);
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

  /** What the kernel has asked of the private mount; undefined where there is none. */
  get requests(): MountStats | undefined {
    return this.#mount?.mounted.stats;
  }

  stats(): ReturnType<RevisionBase['stats']> {
    return this.#revisions.stats();
  }

  async close(): Promise<void> {
    this.#closing = true;
    await this.#mount?.unmount();
    await this.#revisions.close();
    await this.#mount?.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #watch(): void {
    const mount = this.#mount;
    void mount?.mounted.closed.then(() => {
      if (this.#closing) return;
      const again = this.#mountAgain(mount);
      // Whoever listens says what became of it.
      this.#again = again.catch(() => undefined);
      for (const listener of this.#listeners) listener(again);
    });
  }

  /** Under the same name, with the revisions that views use. */
  async #mountAgain(dead: BaseMount): Promise<void> {
    await dead.owners.close();
    await dead.revisions.close();
    await dead.close();
    await detachDeadMounts(this.directory, { types: ['fuse.scorpiofs'] });
    const mounted = await mountBase(this.#options, this.directory);
    this.#mount = mounted;
    this.#revisions = mounted.revisions;
    this.#watch();
    for (const commit of this.#users.keys())
      await mounted.revisions.addRevision({ commit: parseOid(commit) });
  }

  async #first(commit: string, path: string, signal: AbortSignal): Promise<boolean | undefined> {
    await this.#again;
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

function sharedOf({
  source,
  store,
  uid,
  gid,
  readable = true,
  onDropped,
}: BaseOptions): RevisionBaseOptions {
  return {
    source,
    store,
    readable,
    ...(onDropped !== undefined && { onDropped }),
    ...(uid !== undefined && { uid }),
    ...(gid !== undefined && { gid }),
  };
}

function mountBase(options: BaseOptions, directory: string): Promise<BaseMount> {
  const { mountOptions, idmap = true } = options;
  return BaseMount.open(directory, sharedOf(options), mountOptions, idmap);
}

function noDirectory(commit: string, path: string): Error {
  return invalid(`path ${path} does not exist at revision ${commit}`, CHECK_PATH);
}

/** Another daemon that lives may have the first one: then `base.2`, and so on (D13). */
async function freeDirectory(directory: string): Promise<string> {
  for (let n = 1; ; n++) {
    const here = n === 1 ? directory : `${directory}.${n}`;
    // Before the path is touched: even mkdir fails on a dead mount.
    const { left } = await detachDeadMounts(here, { types: ['fuse.scorpiofs'] });
    if (left.length > 0) continue;
    await detachDeadMounts(OwnerMounts.directoryOf(here), { types: ['fuse.scorpiofs'] });
    return here;
  }
}

const HEAD = 'antares/head';
const CHECK_PATH = 'Check the path with the server; paths are case-sensitive.';
const HINT = 'Check that the server runs and that base_url is right; then repeat the request.';
