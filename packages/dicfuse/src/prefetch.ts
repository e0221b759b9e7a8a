import type { Oid, RepoPath, TreeWant } from '@scorpiofs/objects';
import { BATCHED, type WantedContent } from './contents/contents.js';
import { childPath } from './directory.js';
import { globMatcher } from './glob.js';
import type { PinnedRoot } from './root.js';
import type { Base } from './state.js';
import { wantOf } from './tree-of.js';
import type { Listing } from './trees/listing.js';

export interface PrefetchOptions {
  /** Levels of directories below the top; 1 is the top alone. Default: all. */
  readonly depth?: number;
  /** Patterns of files whose contents are wanted, from the top of the view; see `globMatcher`. Default: none. */
  readonly contents?: readonly string[];
  /** Contents stop before they exceed so many bytes. Default 256 MiB. */
  readonly maxBytes?: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: PrefetchResult) => void;
}

export interface PrefetchResult {
  readonly directories: number;
  /** Contents brought, and their bytes. */
  readonly files: number;
  readonly bytes: number;
  /** Wanted, but over the budget or of unknown size. */
  readonly skipped: number;
  /** Directories or contents that could not be had. */
  readonly failed: number;
}

const DEFAULT_BYTES = 256 * 1024 * 1024;
const TOGETHER = 32;
const BATCH_FILES = 256;
const BATCH_BYTES = 8 * 1024 * 1024;

interface Here {
  readonly want: TreeWant;
  readonly listing: Listing;
}

/** Listings first, level by level, then contents within the budget. What fails is counted and asked for again when it is used. */
export async function prefetch(
  base: Base,
  root: PinnedRoot,
  options: PrefetchOptions,
): Promise<PrefetchResult> {
  const depth = options.depth ?? Infinity;
  const patterns = (options.contents ?? []).map(globMatcher);
  const progress = { directories: 0, files: 0, bytes: 0, skipped: 0, failed: 0 };
  const wanted = new Map<Oid, WantedContent>();
  let level: TreeWant[] = depth > 0 ? [wantOf(root.top)] : [];
  for (let at = 1; level.length > 0; at++) {
    const next: TreeWant[] = [];
    for (let i = 0; i < level.length; i += TOGETHER) {
      options.signal?.throwIfAborted();
      const wants = level.slice(i, i + TOGETHER);
      for (const here of await listings(base, wants, depth - at + 1, options.signal)) {
        if (here === undefined) progress.failed += 1;
        else {
          progress.directories += 1;
          if (at < depth) next.push(...directories(here));
          if (patterns.length > 0)
            for (const file of await filesOf(base, root.path, here, patterns))
              wanted.set(file.oid, file);
        }
      }
      options.onProgress?.({ ...progress });
    }
    level = next;
  }
  await contents(base, [...wanted.values()], options, progress);
  return { ...progress };
}

async function listings(
  base: Base,
  wants: readonly TreeWant[],
  levels: number,
  signal: AbortSignal | undefined,
): Promise<(Here | undefined)[]> {
  const plan = { levels: Math.min(levels, 64), budget: Infinity };
  const missing = wants.filter((want) => !base.trees.has(want) && !base.trees.coming(want));
  const [first, ...also] = missing;
  if (first !== undefined) void base.trees.ask([first], { ...plan, also }, base.treeAhead);
  return await Promise.all(
    wants.map(async (want) => {
      const local = base.trees.peek(want);
      if (local !== undefined) return { want, listing: local };
      try {
        const one = () => ({ levels: 1, budget: Infinity, also: [] });
        return { want, listing: (await base.trees.get(want, one, base.treeAhead, signal)).listing };
      } catch {
        signal?.throwIfAborted();
        return undefined;
      }
    }),
  );
}

function directories({ want, listing }: Here): TreeWant[] {
  return listing.names.flatMap((name, i) =>
    listing.kind(i) === 'directory'
      ? [{ revision: want.revision, path: childPath(want.path, name), oid: listing.oid(i) }]
      : [],
  );
}

async function filesOf(
  base: Base,
  top: RepoPath,
  { want, listing }: Here,
  patterns: readonly ((path: string) => boolean)[],
): Promise<WantedContent[]> {
  const found: WantedContent[] = [];
  for (const [i, name] of listing.names.entries()) {
    const path = childPath(want.path, name).slice(top === '/' ? 1 : top.length + 1);
    if (listing.isDirectory(i) || !patterns.some((matches) => matches(path))) continue;
    const size = base.sizes.known(listing, i) ?? (await sizeOf(base, listing, i));
    found.push({ oid: listing.oid(i), size });
  }
  return found;
}

async function sizeOf(base: Base, listing: Listing, index: number): Promise<number | undefined> {
  try {
    return await base.sizes.ask(listing, index);
  } catch {
    return undefined;
  }
}

async function contents(
  base: Base,
  wanted: readonly WantedContent[],
  options: PrefetchOptions,
  progress: { files: number; bytes: number; skipped: number; failed: number; directories: number },
): Promise<void> {
  let left = options.maxBytes ?? DEFAULT_BYTES;
  let batch: WantedContent[] = [];
  let bytes = 0;
  const flush = async (): Promise<void> => {
    options.signal?.throwIfAborted();
    const now = batch;
    [batch, bytes] = [[], 0];
    const [first, ...also] = now;
    if (first === undefined) return;
    const waits = now.map((one) =>
      base.contents.get(one, one === first ? also : [], options.signal).then(
        () => {
          progress.files += 1;
          progress.bytes += one.size ?? 0;
        },
        () => {
          progress.failed += 1;
        },
      ),
    );
    await Promise.all(waits);
    options.signal?.throwIfAborted();
    options.onProgress?.({ ...progress });
  };
  for (const one of wanted) {
    if (base.store.hasContent(one.oid, one.size)) continue;
    if (one.size === undefined || one.size > left) {
      progress.skipped += 1;
      continue;
    }
    left -= one.size;
    batch.push(one);
    bytes += Math.min(one.size, BATCHED);
    if (batch.length >= BATCH_FILES || bytes >= BATCH_BYTES) await flush();
  }
  await flush();
}
