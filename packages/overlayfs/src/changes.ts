import type { Attr, Name, NodeId } from '@scorpiofs/fuse';
import { sameContent, sameMetadata } from './compare.js';
import { linkedChanges } from './linked-changes.js';
import { shownIno } from './layers.js';
import { originIno } from './lookup.js';
import { attributeNames, OCI_OPAQUE, OCI_PREFIX } from './marks.js';
import { isDirectory, isWhiteout } from './mode.js';
import type { LayerNode } from './node.js';
import { wait, type Op } from './run.js';
import { collectBelow, collectHits, type Hit } from './search.js';
import { OWN_REQUEST, type OverlayState } from './state.js';
import { listLayer, listSoon, type LayerListed } from './work.js';

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
  const listing = listSoon(upper, OWN_REQUEST, place.upper);
  const listed = listing instanceof Promise ? yield* wait(listing) : listing;
  for (const { name } of listed) {
    if (upper.form === 'oci' && name.startsWith(OCI_PREFIX)) {
      if (name !== OCI_OPAQUE) yield* marked(state, found, place, withoutMark(name));
      continue;
    }
    const looked = upper.look(OWN_REQUEST, place.upper, name);
    const entry = looked instanceof Promise ? yield* wait(looked) : looked;
    if (entry === undefined) continue;
    try {
      if (isDirectory(entry.attr)) yield* directory(state, found, place, name, entry);
      else if (isWhiteout(entry.attr)) yield* gone(state, found, place, name);
      else yield* file(state, found, place, name, entry);
    } finally {
      upper.forget(entry.node);
    }
  }
  if (place.opaque) yield* missing(state, found, place, listed);
}

/** An OCI mark. One beside an entry of its own upper hides nothing that is not replaced anyway. */
function* marked(state: OverlayState, found: Found, place: Place, name: Name): Op<void> {
  const upper = state.layer(0);
  const own = yield* upper.find(OWN_REQUEST, place.upper, name);
  if (own !== undefined) upper.forget(own.node);
  if (own === undefined || isWhiteout(own.attr)) yield* gone(state, found, place, name);
}

/** Names of the lowers that an opaque directory hides and does not have itself. */
function* missing(
  state: OverlayState,
  found: Found,
  place: Place,
  own: readonly LayerListed[],
): Op<void> {
  const { form } = state.layer(0);
  const seen = new Set(own.map(({ name }) => (form === 'oci' ? withoutMark(name) : name)));
  for (const { at, node } of place.lowers)
    for (const { name } of yield* listLayer(state.layer(at), OWN_REQUEST, node)) {
      if (seen.has(name)) continue;
      seen.add(name);
      yield* gone(state, found, place, name);
    }
}

/** The name that an OCI mark is about; any other as it is. */
function withoutMark(name: Name): Name {
  return name.startsWith(OCI_PREFIX) ? (name.slice(OCI_PREFIX.length) as Name) : name;
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
    found.gone.push({
      path: join(place.path, name),
      lowerPath: join(place.lowerPath, name),
      ino: shownIno(state.layer(first.at), first.entry.attr.ino),
    });
  } finally {
    forgetAll(state, hits);
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
    const asked = attributeNames(upper, OWN_REQUEST, entry.node);
    const names = asked instanceof Promise ? yield* wait(asked) : asked;
    const below = yield* collectBelow(state, upper, entry.node, names, places, name, merged);
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
        { layer: upper, node: entry.node, attr: entry.attr, names },
        { layer: state.layer(lower.at), node: lower.entry.node, attr: lower.entry.attr },
        false,
      ))
    )
      found.changes.push({ kind: 'metadata', path });
    const hidden = instead.filter((hit) => isDirectory(hit.entry.attr));
    yield* walk(state, found, {
      upper: entry.node,
      lowers: (merged.length > 0 ? merged : hidden).map(({ at, entry: { node } }) => ({
        at,
        node,
      })),
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
): Op<void> {
  const below: Hit[] = [];
  try {
    yield* collectHits(state, OWN_REQUEST, place.lowers, name, below);
    yield* compare(state, found, place, name, entry, below[0]);
  } finally {
    forgetAll(state, below);
  }
}

function* compare(
  state: OverlayState,
  found: Found,
  place: Place,
  name: Name,
  entry: UpperEntry,
  below: Hit | undefined,
): Op<void> {
  const path = join(place.path, name);
  const origin = yield* originIno(state, OWN_REQUEST, entry.node);
  if (below === undefined) {
    const change: Change = { kind: 'added', path };
    found.changes.push(change);
    if (origin !== undefined) found.moved.set(origin, change);
    return;
  }
  const { node, attr } = below.entry;
  const ino = shownIno(state.layer(below.at), attr.ino);
  const own = { layer: state.layer(0), node: entry.node, attr: entry.attr };
  const lower = { layer: state.layer(below.at), node, attr };
  const elsewhere = origin !== undefined && origin !== ino;
  if (elsewhere || !(yield* sameContent(own, lower))) {
    const change: Change = { kind: 'modified', path };
    found.changes.push(change);
    if (elsewhere) found.moved.set(origin, change);
    // What was there below may have another name now.
    if (ino !== origin) found.replaced.push({ path, lowerPath: join(place.lowerPath, name), ino });
  } else if (!(yield* sameMetadata(own, lower, true)))
    found.changes.push({ kind: 'metadata', path });
}

function forgetAll(state: OverlayState, hits: readonly Hit[]): void {
  for (const hit of hits) state.layer(hit.at).forget(hit.entry.node);
}
