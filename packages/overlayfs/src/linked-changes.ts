import type { Change, ChangeKind } from './changes.js';
import { sameContent, sameMetadata } from './compare.js';
import { EACCES, ENOENT, ENOSYS, ESTALE, fail, isErrno } from './errno.js';
import { INDEX_DIRECTORIES, linkMark, openIndex } from './links.js';
import { listing } from './list-merged.js';
import { lookup, originIno, type Found } from './lookup.js';
import { isDirectory, isWhiteout, S_IFDIR } from './mode.js';
import { forget } from './node-table.js';
import type { OverlayNode } from './node.js';
import { wait, type Op } from './run.js';
import { OWN_REQUEST, type OverlayState } from './state.js';
import { listLayer } from './work.js';

/** Directories that are read before others get their turn (D13). */
const AT_ONCE = 16;

/** A changed file of which names are only below. */
interface Wanted {
  left: number;
  /** Known when the first of them is found. */
  kind?: ChangeKind;
}

interface Walk {
  readonly wanted: Map<bigint, Wanted>;
  readonly changes: Change[];
  directories: number;
}

/**
 * Names of copied-up hard links that the upper does not have: what was changed by another name has changed there too. Nothing in the
 * upper says where they are, so what the overlay shows is searched, until all are found; without such a file nothing is.
 */
export function* linkedChanges(state: OverlayState): Op<readonly Change[]> {
  const wanted = new Map<bigint, Wanted>();
  for (const [ino, left] of yield* unusedNames(state)) wanted.set(ino, { left });
  const walk: Walk = { wanted, changes: [], directories: 0 };
  if (wanted.size > 0) yield* search(state, walk, state.root, '');
  return walk.changes;
}

/** Copied-up files, by their number, that have names which are only below; and how many. */
function* unusedNames(state: OverlayState): Op<ReadonlyMap<bigint, number>> {
  const unused = new Map<bigint, number>();
  const { upper } = state;
  if (upper === undefined) return unused;
  for (const directory of INDEX_DIRECTORIES) {
    const index = yield* openIndex(state, directory);
    if (index === undefined) continue;
    for (const { name } of yield* listLayer(upper, OWN_REQUEST, index)) {
      const entry = yield* upper.find(OWN_REQUEST, index, name);
      if (entry === undefined) continue;
      try {
        if (isDirectory(entry.attr) || isWhiteout(entry.attr)) continue;
        // What only counts names that are gone is no copy, and has no number.
        const ino = yield* originIno(state, OWN_REQUEST, entry.node);
        const count = yield* linkMark(upper, entry.node);
        if (ino === undefined || count === undefined) continue;
        // The index has one of the links. A count of the lower's own (by the kernel, killed) does not say how many are unused.
        const names = count.of === 'lower' ? Infinity : count.more + 1;
        if (names > 0) unused.set(ino, names);
      } finally {
        upper.forget(entry.node);
      }
    }
  }
  return unused;
}

function* search(state: OverlayState, walk: Walk, directory: OverlayNode, at: string): Op<void> {
  if (++walk.directories % AT_ONCE === 0)
    yield* wait(new Promise<void>((next) => setImmediate(next)));
  try {
    for (const { name, ino, type } of (yield* listing(state, OWN_REQUEST, directory)).after(0)) {
      if (walk.wanted.size === 0) return;
      if (type !== S_IFDIR && !walk.wanted.has(ino)) continue;
      const found = yield* lookup(state, OWN_REQUEST, directory, name);
      if (found === undefined) continue;
      const path = at === '' ? name : `${at}/${name}`;
      // Not dropped by an operation that runs in between.
      found.node.lookups++;
      try {
        if (found.node.type === S_IFDIR) yield* search(state, walk, found.node, path);
        else yield* compare(state, walk, found, path);
      } finally {
        forget(state, found.node.id, 1);
      }
    }
  } catch (error) {
    // Removed meanwhile, or closed to the overlay itself and so to everybody who looks through it.
    if (!isErrno(error, ENOENT, ESTALE, EACCES)) throw error;
  }
}

function* compare(state: OverlayState, walk: Walk, found: Found, path: string): Op<void> {
  const { node, attr, inUpper } = found;
  const wanted = walk.wanted.get(node.ino);
  const [lower] = node.lowers;
  if (inUpper || node.upper === undefined || lower === undefined || wanted === undefined) return;
  if (wanted.kind === undefined) {
    const upper = state.layer(0);
    if (upper.fs.getattr === undefined) return fail(ENOSYS, 'upper without getattr');
    const copy = yield* wait(upper.fs.getattr(OWN_REQUEST, node.upper, undefined));
    const own = { layer: upper, node: node.upper, attr: copy.attr };
    const below = { layer: state.layer(lower.at), node: lower.node, attr };
    if (!(yield* sameContent(own, below))) wanted.kind = 'modified';
    else if (!(yield* sameMetadata(own, below, true))) wanted.kind = 'metadata';
    else {
      walk.wanted.delete(node.ino);
      return;
    }
  }
  walk.changes.push({ kind: wanted.kind, path });
  if (--wanted.left === 0) walk.wanted.delete(node.ino);
}
