import type { BorrowedRepository } from '../git/borrowed.js';
import type { ObjectStore } from '../git/object-store.js';
import { badOption, dataDirInUse } from '../error.js';
import type { MonoServerEvent } from '../options.js';
import { placeholderText, registerImport } from './imports.js';
import { Monorepo } from './monorepo.js';
import { renewPlaceholder } from './placeholder.js';
import { seedEmpty } from './seed-empty.js';
import { mega } from './server-commit.js';
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
  await mono.change(async () => {
    if (repository !== undefined) await followRepository(mono, repository, onEvent);
    const untouched = mono.head === state.origin.main;
    for (const [path, source] of options.imports) {
      if (!mono.isBelowImportDir(path))
        throw badOption('imports', `${path} is not below ${importDir}`);
      await registerImport(mono, path, source, onEvent);
    }
    // Placeholders of borrowed imports are part of what the server starts with.
    if (untouched) state.origin.main = mono.head;
    mono.arrivals.add(seeded.written, await store.knownCommit(mono.head));
  });
  return mono;
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

function tagsOf(repository: OpenOptions['repository']): Record<string, string> {
  const tags: Record<string, string> = {};
  for (const [ref, oid] of repository?.refs ?? [])
    if (ref.startsWith('refs/tags/')) tags[ref] = oid;
  return tags;
}

/**
 * When the repository has moved since the last run, `main` follows, unless change lists were merged on top of the old commit: those must
 * not be lost, so `main` stays and an event says so.
 */
async function followRepository(
  mono: Monorepo,
  repository: Pick<BorrowedRepository, 'head' | 'refs'>,
  onEvent: (event: MonoServerEvent) => void,
): Promise<void> {
  const { origin, rows } = mono.state;
  if (origin.head === repository.head) return;
  if (mono.head !== origin.main) {
    onEvent({
      level: 'warn',
      event: 'repository_moved',
      from: origin.head,
      to: repository.head,
      kept: mono.head,
    });
    return;
  }
  // Rows of sub-directories are synthesized from the new commit when somebody asks again.
  for (const dir of Object.keys(rows)) if (dir !== '/') delete rows[dir];
  rows['/'] = { [MAIN]: repository.head, ...tagsOf(repository) };
  origin.head = repository.head;
  const { time } = (await mono.store.knownCommit(repository.head)).committer;
  for (const [path, one] of Object.entries(mono.state.imports))
    one.keep = await renewPlaceholder(
      mono,
      path,
      placeholderText(path, one.borrowed ?? ''),
      `import ${path}`,
      mega(time),
    );
  origin.main = mono.head;
}
