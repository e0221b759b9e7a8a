import { join } from 'node:path';
import { buildCommit, parseCommit, type Commit } from './commit-object.js';
import { ContentPool } from './content-pool.js';
import { ContentProcess } from './content-process.js';
import type { Git } from './git.js';
import { InfoProcess, type ObjectInfo } from './info-process.js';
import { writeLooseObject, type ObjectType } from './loose-object.js';
import { SizeCache } from './size-cache.js';
import { TreeCache } from './tree-cache.js';
import { buildTreeBody, parseTreeBody, type TreeItem } from '../tree/tree-body.js';

const OID = /^[0-9a-f]{40}$/;
const MAX_COMMITS_KEPT = 4096;
const STREAMS = 6;

/** Brings objects that are named but not here (a clone without blobs); resolves when they have been asked for. */
export interface MissingObjects {
  fetch(oids: readonly string[]): Promise<void>;
  /** Brings everything that a pack of `wants` without what `haves` reach will hold. */
  complete(wants: readonly string[], haves: readonly string[]): Promise<void>;
}

export interface ObjectStoreOptions {
  readonly git: Git;
  readonly gitDir: string;
  readonly batchCommand: boolean;
  readonly missing?: MissingObjects;
}

/** All objects of the server: its own, those it borrows, and (through `missing`) those still to be fetched. */
export class ObjectStore {
  readonly git: Git;
  readonly gitDir: string;
  readonly missing: MissingObjects | undefined;
  readonly #info: InfoProcess;
  readonly #contents: ContentProcess;
  readonly #streams: ContentPool;
  readonly #trees = new TreeCache(64 * 1024 * 1024);
  readonly #sizes = new SizeCache(1_000_000);
  readonly #commits = new Map<string, Commit>();

  constructor({ git, gitDir, batchCommand, missing }: ObjectStoreOptions) {
    this.git = git;
    this.gitDir = gitDir;
    this.missing = missing;
    this.#info = new InfoProcess(git, gitDir, batchCommand);
    this.#contents = new ContentProcess(git, gitDir, batchCommand);
    this.#streams = new ContentPool(git, gitDir, batchCommand, STREAMS);
  }

  get objectsDir(): string {
    return join(this.gitDir, 'objects');
  }

  /** Type and size of each; `undefined` where it is not there. */
  info(oids: readonly string[]): Promise<readonly (ObjectInfo | undefined)[]> {
    return this.#info.query(oids.map(checked));
  }

  async infoOf(oid: string): Promise<ObjectInfo | undefined> {
    return OID.test(oid) ? (await this.info([oid]))[0] : undefined;
  }

  /**
   * Sizes of blobs that are here, remembered for ever (an id never changes its size). With `fetch`, blobs that a clone
   * without blobs lacks are brought in one batch first. -1 where there is no such blob.
   */
  async sizes(oids: readonly string[], fetch: boolean): Promise<number[]> {
    const sizes = oids.map((oid) => this.#sizes.get(oid) ?? -1);
    const unknown = oids.filter((_, i) => sizes[i] === -1);
    if (unknown.length === 0) return sizes;
    const absent = await this.#learnSizes(unknown);
    if (fetch && absent.length > 0 && this.missing !== undefined) {
      await this.missing.fetch(absent);
      await this.#learnSizes(absent);
    }
    return oids.map((oid, i) =>
      sizes[i] === -1 ? (this.#sizes.get(oid) ?? -1) : (sizes[i] ?? -1),
    );
  }

  /** Returns those that are not here at all. */
  async #learnSizes(oids: readonly string[]): Promise<string[]> {
    const infos = await this.info(oids);
    return oids.filter((oid, i) => {
      const info = infos[i];
      if (info?.type === 'blob') this.#sizes.set(oid, info.size);
      return info === undefined;
    });
  }

  /** Size of one blob, fetched if need be; `undefined` where no blob has this id. */
  async blobSize(oid: string): Promise<number | undefined> {
    if (!OID.test(oid)) return undefined;
    const [size = -1] = await this.sizes([oid], true);
    return size < 0 ? undefined : size;
  }

  /** A tree object's body; `undefined` where no tree has this id. */
  async tree(oid: string): Promise<Buffer | undefined> {
    const known = this.#trees.get(oid);
    if (known !== undefined) return known;
    const [body] = await this.trees([oid]);
    return body;
  }

  /** Many tree bodies in one go. */
  async trees(oids: readonly string[]): Promise<(Buffer | undefined)[]> {
    const bodies = oids.map((oid) => this.#trees.get(oid));
    const unknown = [...new Set(oids.filter((_, i) => bodies[i] === undefined))];
    if (unknown.length === 0) return bodies;
    const read = await this.#read(unknown, 'tree');
    unknown.forEach((oid, i) => {
      const body = read[i];
      if (body !== undefined) this.#trees.set(oid, body);
    });
    const fresh = new Map(unknown.map((oid, i) => [oid, read[i]]));
    return oids.map((oid, i) => bodies[i] ?? fresh.get(oid));
  }

  /** Entries of a tree that must exist. */
  async entries(oid: string): Promise<TreeItem[]> {
    const body = await this.tree(oid);
    if (body === undefined) throw new Error(`tree ${oid} is missing`);
    return parseTreeBody(body);
  }

  async commit(oid: string): Promise<Commit | undefined> {
    const known = this.#commits.get(oid);
    if (known !== undefined) return known;
    if (!OID.test(oid)) return undefined;
    const [body] = await this.#read([oid], 'commit');
    if (body === undefined) return undefined;
    const commit = parseCommit(oid, body);
    if (this.#commits.size >= MAX_COMMITS_KEPT) this.#commits.clear();
    this.#commits.set(oid, commit);
    return commit;
  }

  /** A commit that must exist. */
  async knownCommit(oid: string): Promise<Commit> {
    const commit = await this.commit(oid);
    if (commit === undefined) throw new Error(`commit ${oid} is missing`);
    return commit;
  }

  /** An annotated tag's body, as text. */
  async tag(oid: string): Promise<string | undefined> {
    return (await this.#read([oid], 'tag'))[0]?.toString('utf8');
  }

  /** A whole blob of at most `limit` bytes; `undefined` where there is none, or a larger one. */
  async smallBlob(oid: string, limit: number): Promise<Buffer | undefined> {
    const size = await this.blobSize(oid);
    if (size === undefined || size > limit) return undefined;
    return (await this.#read([oid], 'blob'))[0];
  }

  /** Lets one reader stream contents at its own pace; see `ContentPool`. */
  stream<T>(task: (process: ContentProcess) => Promise<T>): Promise<T> {
    return this.#streams.use(task);
  }

  async write(type: ObjectType, body: Uint8Array): Promise<string> {
    return writeLooseObject(this.objectsDir, type, body);
  }

  async writeTree(items: readonly TreeItem[]): Promise<string> {
    const body = buildTreeBody(items);
    const oid = await this.write('tree', body);
    this.#trees.set(oid, body);
    return oid;
  }

  async writeCommit(commit: Omit<Commit, 'oid' | 'signed'>): Promise<string> {
    return this.write('commit', buildCommit(commit));
  }

  /** Bodies of objects of one type; an object of another type counts as not there and is not kept in memory. */
  #read(oids: readonly string[], type: ObjectType): Promise<(Buffer | undefined)[]> {
    const found: (Buffer | undefined)[] = oids.map(() => undefined);
    let left = oids.length;
    return new Promise((resolve, reject) => {
      const done = (): void => {
        left -= 1;
        if (left === 0) resolve(found);
      };
      this.#contents.request(oids.map(checked), (index) => {
        let body: Buffer | undefined;
        let at = 0;
        return {
          start: (_oid, actual, size) => {
            if (actual === type) body = Buffer.allocUnsafeSlow(size);
          },
          data: (chunk) => {
            if (body !== undefined) at += chunk.copy(body, at);
          },
          end: () => {
            found[index] = body;
            done();
          },
          missing: done,
          fail: reject,
        };
      });
    });
  }
}

function checked(oid: string): string {
  if (!OID.test(oid)) throw new TypeError('not a git object id');
  return oid;
}
