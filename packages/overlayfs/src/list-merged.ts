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
  const seen = new Set<Name>();
  const places: LayerNode[] =
    node.upper === undefined ? [...node.lowers] : [{ at: 0, node: node.upper }, ...node.lowers];
  for (const [depth, place] of places.entries()) {
    const layer = state.layer(place.at);
    const below = depth < places.length - 1;
    for (const entry of yield* visible(layer, req, place, hidden)) {
      if (seen.has(entry.name)) continue;
      seen.add(entry.name);
      list.set(entry.name, yield* shownNumber(state, req, node, layer, entry, below), entry.type);
    }
    for (const name of hidden) seen.add(name);
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

/** `d_ino` must be what `stat` says: where it may come from below, the entry is looked up. */
function* shownNumber(
  state: OverlayState,
  req: Request,
  parent: OverlayNode,
  layer: LayerState,
  entry: LayerListed,
  below: boolean,
): Op<bigint> {
  const plain = shownIno(layer, entry.ino);
  const fromUpper = layer === state.upper;
  const merged = entry.type === S_IFDIR && fromUpper && below;
  if (!merged && !(fromUpper && parent.impure !== false)) return plain;
  const found = yield* lookup(state, req, parent, entry.name);
  if (found === undefined) return plain;
  const { ino } = found.node;
  collect(state, found.node);
  return ino;
}
