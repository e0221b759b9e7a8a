import type { TreeName } from '@scorpiofs/objects';
import type { ObjectStore } from '../git/object-store.js';
import { lookup } from '../tree/lookup.js';
import { joinPath } from '../tree/repo-path.js';
import { ArrivalRecord } from './record.js';
import { MAIN, type ImportRepository, type StateData } from './state.js';
import { writeState } from './state-file.js';

/** The default of a Mega server; directories strictly below it can be import repositories. */
export const DEFAULT_IMPORT_DIR = '/third-party';

export interface MonorepoOptions {
  readonly store: ObjectStore;
  readonly state: StateData;
  readonly dataDir: string;
  readonly importDir: string;
  /** Whether the root came from a repository that existed before, with a history worth asking. */
  readonly borrowed: boolean;
}

/** Where a path leads: which repository answers, and the components inside it. */
export interface Place {
  /** Byte path of the import repository; absent for the monorepo. */
  readonly importPath?: string;
  readonly parts: readonly TreeName[];
}

/** The monorepo, its import repositories and change lists: state in memory, on disk after every change. */
export class Monorepo {
  readonly store: ObjectStore;
  readonly importDir: string;
  readonly borrowed: boolean;
  readonly arrivals = new ArrivalRecord();
  readonly state: StateData;
  readonly dataDir: string;
  #last: Promise<unknown> = Promise.resolve();
  /** Root trees of the import repositories' default branches, by byte path. */
  #boundaries = new Map<string, string>();

  constructor({ store, state, dataDir, importDir, borrowed }: MonorepoOptions) {
    this.store = store;
    this.state = state;
    this.dataDir = dataDir;
    this.importDir = importDir;
    this.borrowed = borrowed;
  }

  /** Commit of root `main`. */
  get head(): string {
    const head = this.state.rows['/']?.[MAIN];
    if (head === undefined) throw new Error('the root has no main');
    return head;
  }

  /** Whether a byte path lies strictly below the import directory. */
  isBelowImportDir(path: string): boolean {
    return path.startsWith(`${this.importDir}/`);
  }

  /** The longest import repository that holds the path (§1.4); a component boundary is respected, unlike in the original. */
  place(parts: readonly TreeName[]): Place {
    const path = joinPath(parts);
    if (!this.isBelowImportDir(path)) return { parts };
    for (let length = parts.length; length >= 2; length--) {
      const candidate = joinPath(parts.slice(0, length));
      if (this.state.imports[candidate] !== undefined)
        return { importPath: candidate, parts: parts.slice(length) };
    }
    return { parts };
  }

  importAt(path: string): ImportRepository {
    const found = this.state.imports[path];
    if (found === undefined) throw new Error(`no import repository ${path}`);
    return found;
  }

  /** Head commit of an import repository's default branch. */
  importHead(path: string): string | undefined {
    const repository = this.importAt(path);
    return repository.refs[`refs/heads/${repository.defaultBranch}`];
  }

  /** Root tree of the import repository at exactly this path. */
  boundary(path: string): string | undefined {
    return this.#boundaries.get(path);
  }

  /** To be called once before the first request; `change` keeps it up to date. */
  async refreshBoundaries(): Promise<void> {
    const found = new Map<string, string>();
    for (const path of Object.keys(this.state.imports)) {
      const head = this.importHead(path);
      const commit = head === undefined ? undefined : await this.store.commit(head);
      if (commit !== undefined) found.set(path, commit.tree);
    }
    this.#boundaries = found;
  }

  /** Id of the directory at `parts` of a tree; `undefined` where there is none, or something else. */
  async directory(root: string, parts: readonly TreeName[]): Promise<string | undefined> {
    return lookup(this.store, root, parts);
  }

  async rootTree(): Promise<string> {
    return (await this.store.knownCommit(this.head)).tree;
  }

  /** Runs changes one after the other and writes the state after each; when that fails, so does the change. */
  change<T>(task: () => Promise<T>): Promise<T> {
    const run = this.#last.then(async () => {
      const before = structuredClone(this.state);
      try {
        const result = await task();
        await this.refreshBoundaries();
        await writeState(this.dataDir, this.state);
        return result;
      } catch (error) {
        // Half a change must not be seen, nor written by the next one.
        Object.assign(this.state, before);
        throw error;
      }
    });
    this.#last = run.catch(() => undefined);
    return run;
  }

  /** Resolves when no change is under way. */
  async settled(): Promise<void> {
    await this.#last;
  }
}
