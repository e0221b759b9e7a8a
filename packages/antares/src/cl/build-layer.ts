import { mkdir, open, symlink } from 'node:fs/promises';
import { changeListFiles, type Wire } from '@scorpiofs/mega-client';
import type { EntryKind, Oid, RepoPath, Source } from '@scorpiofs/objects';
import { AT_FDCWD, errnoName, mknodat, S } from '@scorpiofs/posix';
import type { Store } from '@scorpiofs/store';
import { internal } from '../error.js';
import { Lane } from '../lane.js';
import { changeListDirectory } from './change-list-directory.js';
import { blobFailed, listFailed } from './failures.js';
import { changeListKinds } from './modes.js';
import { placeChanges, type Write } from './place-changes.js';

export interface LayerOrder {
  readonly link: string;
  /** What the change list's paths are relative to, where the caller knows it. */
  readonly directory: RepoPath | undefined;
  readonly view: RepoPath;
  /** A new directory, made here. */
  readonly target: string;
  /** The kind of a file in the base, where it is there. */
  readonly baseKind: (path: RepoPath) => Promise<EntryKind | undefined>;
}

export interface Layer {
  readonly directory: RepoPath | undefined;
  readonly skipped: number;
}

const AT_ONCE = 8;
const CHUNK = 256 * 1024;

/**
 * Fills `target` with what a change list does to a view, in the kernel's upper format: files with verified contents and their modes, whiteouts for what is
 * gone. The caller removes `target` when this rejects. Parents are made first and no file is one's parent, so no path leads through a link.
 */
export async function buildLayer(
  { wire, source, store }: { readonly wire: Wire; readonly source: Source; readonly store: Store },
  order: LayerOrder,
): Promise<Layer> {
  const { link, view, target, baseKind } = order;
  let changes;
  try {
    changes = await changeListFiles(wire, link, '/');
  } catch (error) {
    throw listFailed(error);
  }
  const directory =
    order.directory ??
    (changes.length === 0 ? undefined : await changeListDirectory(wire, link, view));
  const { writes, whiteouts, skipped } = placeChanges(changes, directory, view);
  await mkdir(target, { recursive: true, mode: 0o755 });
  const kinds =
    directory === undefined || writes.length === 0
      ? undefined
      : await changeListKinds(wire, link, directory);
  const lane = new Lane(AT_ONCE);
  const write = async (one: Write): Promise<void> => {
    const kind = kinds?.(one.inChangeList) ?? (await baseKind(one.before)) ?? 'file';
    // Submodules have no content to show, as in the base.
    if (kind === 'submodule' || kind === 'directory') {
      await mkdir(place(target, one.path), { recursive: true, mode: 0o755 });
      return;
    }
    await ensure(source, store, one.oid);
    await makeParents(target, one.path);
    if (kind === 'symlink') await writeLink(store, one, target);
    else await writeFile(store, one, target, kind === 'executable' ? 0o755 : 0o644);
  };
  const results = await Promise.allSettled(writes.map((one) => lane.run(() => write(one))));
  for (const result of results) if (result.status === 'rejected') throw result.reason;
  for (const path of whiteouts) {
    await makeParents(target, path);
    const r = mknodat(AT_FDCWD, place(target, path), S.IFCHR, 0);
    if (r < 0)
      throw internal(
        `the whiteout of ${path} could not be made: ${errnoName(r)}`,
        'The kernel engine needs CAP_MKNOD, and a file system for antares_cl_root that has device files.',
      );
  }
  return { directory, skipped };
}

function place(target: string, path: string): Buffer {
  return Buffer.concat([Buffer.from(`${target}/`), Buffer.from(path, 'latin1')]);
}

async function makeParents(target: string, path: string): Promise<void> {
  const slash = path.lastIndexOf('/');
  if (slash > 0) await mkdir(place(target, path.slice(0, slash)), { recursive: true, mode: 0o755 });
}

async function ensure(source: Source, store: Store, oid: Oid): Promise<void> {
  if (store.hasContent(oid)) return;
  try {
    const stream = await source.blob(oid);
    await store.addContentStream(oid, stream, stream.size);
  } catch (error) {
    throw blobFailed(oid, error);
  }
}

function* contentOf(store: Store, oid: Oid): Generator<Buffer> {
  for (let offset = 0; ;) {
    const chunk = Buffer.allocUnsafe(CHUNK);
    const got = store.readContent(oid, offset, chunk);
    if (got === undefined) throw blobFailed(oid, new Error('it is not in the store any more'));
    if (got === 0) return;
    yield chunk.subarray(0, got);
    offset += got;
  }
}

async function writeFile(store: Store, one: Write, target: string, mode: number): Promise<void> {
  await using file = await open(place(target, one.path), 'wx', mode);
  for (const chunk of contentOf(store, one.oid)) await file.writeFile(chunk);
  // Whatever the process's umask is.
  await file.chmod(mode);
}

async function writeLink(store: Store, one: Write, target: string): Promise<void> {
  const link = Buffer.concat([...contentOf(store, one.oid)]);
  if (link.length === 0 || link.length > 4095 || link.includes(0))
    throw internal(
      `the change list cannot be used: the symbolic link ${one.path} has no possible target`,
      'Nothing of it was written. Correct the change list on the server.',
    );
  await symlink(link, place(target, one.path));
}
