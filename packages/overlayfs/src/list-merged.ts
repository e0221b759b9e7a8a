import type { Name, Request } from '@scorpiofs/fuse';
import { Listing } from './listing.js';
import { shownIno, type LayerState } from './layers.js';
import { lookup } from './lookup.js';
import { OCI_OPAQUE, OCI_PREFIX } from './marks.js';
import { isWhiteout, S_IFCHR, S_IFDIR } from './mode.js';
import { collect } from './node-table.js';
import type { LayerNode, OverlayNode } from './node.js';
import { type Op } from './run.js';
import type { OverlayState } from './state.js';
import { listLayer, type LayerListed } from './work.js';

/** The merged listing of a directory, made once and kept up to date by every change that goes through the overlay. */
export function* listing(state: OverlayState, req: Request, node: OverlayNode): Op<Listing> {
  if (node.listing !== undefined) return node.listing;
  const list = new Listing();
  const hidden = new Set<Name>();
  const places: LayerNode[] =
    node.upper === undefined ? [...node.lowers] : [{ at: 0, node: node.upper }, ...node.lowers];
  for (const [depth, place] of places.entries()) {
    const layer = state.layer(place.at);
    const below = depth < places.length - 1;
    // What an upper layer hides hides nothing of that layer itself.
    const hiddenAbove = new Set(hidden);
    for (const entry of yield* visible(layer, req, place, hidden)) {
      if (hiddenAbove.has(entry.name) || list.has(entry.name)) continue;
      const ino = mayDiffer(state, node, layer, entry, below)
        ? yield* numberOf(state, req, node, layer, entry)
        : shownIno(layer, entry.ino);
      list.set(entry.name, ino, entry.type);
    }
  }
  // A change that came while layers were being read has its own say.
  return (node.listing ??= list);
}

/** One layer's entries without its marks; names it whites out are added to `hidden`. */
function* visible(
  layer: LayerState,
  req: Request,
  place: LayerNode,
  hidden: Set<Name>,
): Op<readonly LayerListed[]> {
  const shown: LayerListed[] = [];
  const marked: Name[] = [];
  for (const entry of yield* listLayer(layer, req, place.node)) {
    if (!layer.marked) shown.push(entry);
    else if (layer.form === 'oci' && entry.name.startsWith(OCI_PREFIX)) {
      if (entry.name !== OCI_OPAQUE) marked.push(entry.name.slice(OCI_PREFIX.length) as Name);
    } else if (entry.type === S_IFCHR && (yield* isMark(layer, req, place, entry.name)))
      marked.push(entry.name);
    else shown.push(entry);
  }
  if (marked.length === 0) return shown;
  // An entry beside its own OCI mark is there: the mark is about the layers below.
  const own = new Set(shown.map((e) => e.name));
  for (const name of marked) if (!own.has(name)) hidden.add(name);
  return shown;
}

function* isMark(layer: LayerState, req: Request, place: LayerNode, name: Name): Op<boolean> {
  const entry = yield* layer.find(req, place.node, name);
  if (entry === undefined) return false;
  layer.forget(entry.node);
  return isWhiteout(entry.attr);
}

/** `d_ino` must be what `stat` says: of an entry of the upper it may come from below. */
function mayDiffer(
  state: OverlayState,
  parent: OverlayNode,
  layer: LayerState,
  entry: LayerListed,
  below: boolean,
): boolean {
  if (layer !== state.upper) return false;
  return (entry.type === S_IFDIR && below) || parent.impure !== false;
}

function* numberOf(
  state: OverlayState,
  req: Request,
  parent: OverlayNode,
  layer: LayerState,
  entry: LayerListed,
): Op<bigint> {
  const found = yield* lookup(state, req, parent, entry.name);
  if (found === undefined) return shownIno(layer, entry.ino);
  const { ino } = found.node;
  collect(state, found.node);
  return ino;
}
