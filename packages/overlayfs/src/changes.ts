import type { Attr, Name, NodeId } from '@scorpiofs/fuse';
import { sameContent, sameMetadata } from './compare.js';
import { linkedChanges } from './linked-changes.js';
import { shownIno } from './layers.js';
import { originIno } from './lookup.js';
import { OCI_OPAQUE, OCI_PREFIX } from './marks.js';
import { isDirectory, isWhiteout } from './mode.js';
import type { LayerNode } from './node.js';
import type { Op } from './run.js';
import { collectBelow, collectHits, type Hit } from './search.js';
import { OWN_REQUEST, type OverlayState } from './state.js';
import { listLayer } from './work.js';

export type ChangeKind = 'added' | 'modified' | 'deleted' | 'renamed' | 'metadata';

/** One difference from what the lower layers show. Paths are bytes as in `Name`, from the root, without a first slash. */
export interface Change {
  readonly kind: ChangeKind;
  readonly path: string;
  /** Of what was renamed: where the lower layers have it. */
  readonly oldPath?: string;
}

/** A directory of the upper and what the lower layers have in its place. */
interface Place {
  readonly upper: NodeId;
  readonly lowers: readonly LayerNode[];
  readonly path: string;
  /** The same in the lower layers. */
  readonly lowerPath: string;
  /** Nothing of the lowers shows through: what is missing in the upper is deleted. */
  readonly opaque: boolean;
}

interface UpperEntry {
  readonly node: NodeId;
  readonly attr: Attr;
}

interface Gone {
  readonly path: string;
  readonly lowerPath: string;
  readonly ino: bigint;
}

interface Found {
  readonly changes: Change[];
  readonly gone: Gone[];
  /** Names below that show another file now. */
  readonly replaced: Gone[];
  /** New names of files that came from below, by the number they had there. */
  readonly moved: Map<bigint, Change>;
  /** Lower paths of directories that have another name now. */
  readonly redirected: Set<string>;
}

/** Compares the upper with what lies below it, and walks nothing else unless a hard link that is in it has names which are not. */
export function* changes(state: OverlayState): Op<readonly Change[]> {
  const { upper } = state;
  if (upper === undefined) return [];
  const found: Found = {
    changes: [],
    gone: [],
    replaced: [],
    moved: new Map(),
    redirected: new Set(),
  };
  const { lowers } = state.root;
  yield* walk(state, found, { upper: upper.root, lowers, path: '', lowerPath: '', opaque: false });
  const renamed = new Map<Change, string>();
  for (const { path, lowerPath, ino } of found.gone) {
    if (found.redirected.has(lowerPath)) continue;
    const moved = found.moved.get(ino);
    if (moved === undefined || renamed.has(moved)) found.changes.push({ kind: 'deleted', path });
    else renamed.set(moved, lowerPath);
  }
  for (const { lowerPath, ino } of found.replaced) {
    const moved = found.moved.get(ino);
    if (moved !== undefined && !renamed.has(moved)) renamed.set(moved, lowerPath);
  }
  const all = found.changes.map((change): Change => {
    const oldPath = renamed.get(change);
    return oldPath === undefined ? change : { kind: 'renamed', path: change.path, oldPath };
  });
  all.push(...(yield* linkedChanges(state)));
  return all.sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
}

function* walk(state: OverlayState, found: Found, place: Place): Op<void> {
  const upper = state.layer(0);
  const seen = new Set<Name>();
  for (const { name } of yield* listLayer(upper, OWN_REQUEST, place.upper)) {
    if (upper.form === 'oci' && name.startsWith(OCI_PREFIX)) {
      if (name !== OCI_OPAQUE)
        yield* gone(state, found, place, name.slice(OCI_PREFIX.length) as Name);
      continue;
    }
    seen.add(name);
    const entry = yield* upper.find(OWN_REQUEST, place.upper, name);
    if (entry === undefined) continue;
    try {
      if (isWhiteout(entry.attr)) yield* gone(state, found, place, name);
      else yield* present(state, found, place, name, entry);
    } finally {
      upper.forget(entry.node);
    }
  }
  if (place.opaque) yield* missing(state, found, place, seen);
}

/** Names of the lowers that an opaque directory hides and does not have itself. */
function* missing(state: OverlayState, found: Found, place: Place, seen: Set<Name>): Op<void> {
  for (const { at, node } of place.lowers)
    for (const { name } of yield* listLayer(state.layer(at), OWN_REQUEST, node)) {
      if (seen.has(name)) continue;
      seen.add(name);
      yield* gone(state, found, place, name);
    }
}

function join(directory: string, name: string): string {
  return directory === '' ? name : `${directory}/${name}`;
}

function* gone(state: OverlayState, found: Found, place: Place, name: Name): Op<void> {
  const hits: Hit[] = [];
  try {
    yield* collectHits(state, OWN_REQUEST, place.lowers, name, hits);
    const [first] = hits;
    if (first === undefined) return;
    const path = join(place.path, name);
    // An OCI mark beside an entry of its own upper hides nothing that is not replaced anyway.
    if (yield* state.layer(0).has(OWN_REQUEST, place.upper, name)) {
      const own = yield* state.layer(0).find(OWN_REQUEST, place.upper, name);
      if (own !== undefined) {
        state.layer(0).forget(own.node);
        if (!isWhiteout(own.attr)) return;
      }
    }
    found.gone.push({
      path,
      lowerPath: join(place.lowerPath, name),
      ino: shownIno(state.layer(first.at), first.entry.attr.ino),
    });
  } finally {
    forgetAll(state, hits);
  }
}

function* present(
  state: OverlayState,
  found: Found,
  place: Place,
  name: Name,
  entry: UpperEntry,
): Op<void> {
  if (isDirectory(entry.attr)) return yield* directory(state, found, place, name, entry);
  const below: Hit[] = [];
  try {
    yield* collectHits(state, OWN_REQUEST, place.lowers, name, below);
    yield* file(state, found, place, name, entry, below[0]);
  } finally {
    forgetAll(state, below);
  }
}

function* directory(
  state: OverlayState,
  found: Found,
  place: Place,
  name: Name,
  entry: UpperEntry,
): Op<void> {
  const upper = state.layer(0);
  const merged: Hit[] = [];
  const instead: Hit[] = [];
  try {
    // What shows through a directory is elsewhere where it was renamed, and nothing where it or the one it is in is opaque.
    const places = place.opaque ? [] : place.lowers;
    const below = yield* collectBelow(state, upper, entry.node, places, name, merged);
    const path = join(place.path, name);
    const here = join(place.lowerPath, name);
    const from =
      merged.length === 0 || below.redirect === undefined
        ? here
        : below.redirect.startsWith('/')
          ? below.redirect.slice(1)
          : join(place.lowerPath, below.redirect);
    // Renamed back, a directory still says where its content is.
    if (from !== here) {
      found.redirected.add(from);
      found.changes.push({ kind: 'renamed', path, oldPath: from });
    }
    // What it is instead of.
    if (merged.length === 0) yield* collectHits(state, OWN_REQUEST, place.lowers, name, instead);
    const lower = merged[0] ?? instead[0];
    if (lower === undefined) found.changes.push({ kind: 'added', path });
    else if (!isDirectory(lower.entry.attr)) found.changes.push({ kind: 'modified', path });
    else if (
      !(yield* sameMetadata(
        { layer: upper, ...entry },
        { layer: state.layer(lower.at), ...lower.entry },
        false,
      ))
    )
      found.changes.push({ kind: 'metadata', path });
    const hidden = instead.filter((hit) => isDirectory(hit.entry.attr));
    yield* walk(state, found, {
      upper: entry.node,
      lowers: [...merged, ...hidden].map((hit) => ({ at: hit.at, node: hit.entry.node })),
      path,
      lowerPath: from,
      opaque: merged.length === 0 && hidden.length > 0,
    });
  } finally {
    forgetAll(state, merged);
    forgetAll(state, instead);
  }
}

function* file(
  state: OverlayState,
  found: Found,
  place: Place,
  name: Name,
  entry: UpperEntry,
  below: Hit | undefined,
): Op<void> {
  const path = join(place.path, name);
  const origin = yield* originIno(state, OWN_REQUEST, entry.node);
  const old = below?.entry.attr;
  const ino =
    below === undefined ? undefined : shownIno(state.layer(below.at), below.entry.attr.ino);
  if (below === undefined || old === undefined) {
    const change: Change = { kind: 'added', path };
    found.changes.push(change);
    if (origin !== undefined) found.moved.set(origin, change);
    return;
  }
  const [own, lower] = [
    { layer: state.layer(0), ...entry },
    { layer: state.layer(below.at), ...below.entry },
  ];
  const elsewhere = origin !== undefined && origin !== ino;
  if (elsewhere || !(yield* sameContent(own, lower))) {
    const change: Change = { kind: 'modified', path };
    found.changes.push(change);
    if (elsewhere) found.moved.set(origin, change);
    // What was there below may have another name now.
    if (ino !== undefined && ino !== origin)
      found.replaced.push({ path, lowerPath: join(place.lowerPath, name), ino });
  } else if (!(yield* sameMetadata(own, lower, true)))
    found.changes.push({ kind: 'metadata', path });
}

function forgetAll(state: OverlayState, hits: readonly Hit[]): void {
  for (const hit of hits) state.layer(hit.at).forget(hit.entry.node);
}
