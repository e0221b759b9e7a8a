import type { BorrowedRepository } from '../git/borrowed.js';
import type { ObjectStore } from '../git/object-store.js';
import { badOption, dataDirInUse } from '../error.js';
import type { MonoServerEvent } from '../options.js';
import { followRepository, tagsOf } from './follow-repository.js';
import { registerImport } from './imports.js';
import { Monorepo } from './monorepo.js';
import { seedEmpty } from './seed-empty.js';
import { MAIN, type StateData } from './state.js';
import { readState } from './state-file.js';

export interface OpenOptions {
  readonly store: ObjectStore;
  readonly dataDir: string;
  readonly importDir: string;
  /** Absent for an empty server. */
  readonly repository: Pick<BorrowedRepository, 'head' | 'refs'> | undefined;
  /** By monorepo path. */
  readonly imports: ReadonlyMap<string, BorrowedRepository>;
  readonly onEvent: (event: MonoServerEvent) => void;
}

/** A new monorepo, or the one that an earlier run left in the data directory. */
export async function openMonorepo(options: OpenOptions): Promise<Monorepo> {
  const { store, dataDir, importDir, repository, onEvent } = options;
  const kind = repository === undefined ? 'empty' : 'repository';
  const earlier = await readState(dataDir);
  if (earlier !== undefined && earlier.origin.kind !== kind)
    throw dataDirInUse(
      dataDir,
      `it belongs to a server of the other kind (${earlier.origin.kind})`,
    );
  const seeded = earlier === undefined ? await seed(options) : { state: earlier, written: [] };
  const { state } = seeded;
  const mono = new Monorepo({ store, state, dataDir, importDir, borrowed: kind === 'repository' });
  for (const path of options.imports.keys())
    if (!mono.isBelowImportDir(path))
      throw badOption('imports', `${path} is not below ${importDir}`);
  await mono.change(async () => {
    await follow(mono, repository, options.imports, onEvent);
    mono.arrivals.add(seeded.written, await store.knownCommit(mono.head));
  });
  return mono;
}

/** Brings the monorepo to what the borrowed repositories hold now. Within `change` only. */
export async function follow(
  mono: Monorepo,
  repository: OpenOptions['repository'],
  imports: ReadonlyMap<string, BorrowedRepository>,
  onEvent: (event: MonoServerEvent) => void,
): Promise<void> {
  if (repository !== undefined) await followRepository(mono, repository, onEvent);
  const untouched = mono.head === mono.state.origin.main;
  for (const [path, source] of imports) await registerImport(mono, path, source, onEvent);
  // Placeholders of borrowed imports are part of what the server starts with.
  if (untouched) mono.state.origin.main = mono.head;
}

async function seed(
  options: OpenOptions,
): Promise<{ state: StateData; written: readonly string[] }> {
  const { store, repository, importDir } = options;
  const { commit, written } =
    repository === undefined
      ? await seedEmpty(store, importDir)
      : { commit: (await store.knownCommit(repository.head)).oid, written: [] };
  const state: StateData = {
    version: 1,
    origin: {
      kind: repository === undefined ? 'empty' : 'repository',
      head: repository?.head ?? null,
      main: commit,
    },
    rows: { '/': { [MAIN]: commit, ...tagsOf(repository) } },
    cls: {},
    imports: {},
    tagTimes: {},
  };
  return { state, written };
}
