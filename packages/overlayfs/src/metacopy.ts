import type { Attr, Name } from '@scorpiofs/fuse';
import { EIO, ENOSYS, fail } from './errno.js';
import type { LayerState } from './layers.js';
import { getMark, redirectOf } from './marks.js';
import { S_IFREG, typeOf } from './mode.js';
import type { LayerNode, OverlayNode } from './node.js';
import { wait, type Op } from './run.js';
import { ask, walk, type Answer, type Hit, type Step } from './search.js';
import { OWN_REQUEST, top, type OverlayState } from './state.js';

/**
 * The layer and node that hold the data of a file. Usually the topmost; but the kernel's overlay with `metacopy=on` leaves a
 * changed file's data below and a hole of its size in the upper, which must never be read as zeros. Found when data is first
 * wanted, so that a walk asks for nothing.
 *
 * @throws EIO when the data cannot be found, or must be verified by an fs-verity digest.
 */
export function* dataPlace(
  state: OverlayState,
  node: OverlayNode,
): Op<{ readonly layer: LayerState; readonly node: LayerNode['node'] }> {
  if (node.type === S_IFREG && !node.whole && node.dataAt === undefined) {
    const found = yield* findData(state, node);
    const late = node.whole || node.dataAt !== undefined;
    if (late || found === undefined) {
      if (found !== undefined) state.layer(found.at).forget(found.node);
      else node.whole = true;
    } else {
      // From now on it is one of the file's layers, and given back with them.
      node.lowers = [...node.lowers, found];
      node.dataAt = found.at;
    }
  }
  const { dataAt } = node;
  if (dataAt === undefined) return top(state, node);
  const place = node.lowers.find((lower) => lower.at === dataAt);
  return place === undefined
    ? fail(EIO, `node ${node.id} has lost the layer of its data`)
    : { layer: state.layer(dataAt), node: place.node };
}

/** Where the data is when it is not in the topmost layer; the reference is the caller's. */
function* findData(state: OverlayState, node: OverlayNode): Op<LayerNode | undefined> {
  const first = top(state, node);
  if (!(yield* isMetacopy(first.layer, first.node))) return undefined;
  if (first.layer.fs.getattr === undefined) return fail(ENOSYS, 'layer without getattr');
  const { attr } = yield* wait(first.layer.fs.getattr(OWN_REQUEST, first.node, undefined));
  let last: LayerNode = { at: first.layer.at, node: first.node };
  const search: Search = { name: node.name, path: undefined, places: node.parent?.lowers ?? [] };
  for (;;) {
    const layer = state.layer(last.at);
    follow(search, yield* redirectOf(layer, OWN_REQUEST, last.node));
    const next = yield* below(state, search, last.at);
    if (last.node !== first.node || layer !== first.layer) layer.forget(last.node);
    if (next === undefined) return fail(EIO, 'the data of a metacopy file is in no lower layer');
    last = { at: next.at, node: next.entry.node };
    try {
      if (yield* isMetacopy(state.layer(next.at), next.entry.node)) continue;
      // Shorter data would read as zeros at its end.
      if (next.entry.attr.size < attr.size) fail(EIO, 'the data of a metacopy file was cut below');
      return last;
    } catch (error) {
      state.layer(next.at).forget(next.entry.node);
      throw error;
    }
  }
}

/** `struct ovl_metacopy` of fs/overlayfs/overlayfs.h: version, length, flags, digest algorithm, digest. Or nothing at all. */
const HEADER = 4;

function* isMetacopy(layer: LayerState, node: LayerNode['node']): Op<boolean> {
  if (!layer.marked) return false;
  const mark = yield* getMark(layer, OWN_REQUEST, node, 'metacopy');
  if (mark === undefined) return false;
  if (mark.length === 0) return true;
  const [version, length, flags] = mark;
  if (version !== 0 || length !== mark.length || flags !== 0 || mark.length < HEADER)
    fail(EIO, 'corrupted metacopy mark');
  if (mark.length > HEADER)
    fail(
      EIO,
      'a metacopy file whose data must have an fs-verity digest, which is not checked here',
    );
  return true;
}

/** What to look for in the layers below: a name in the parent's layers, or a path from their roots. */
interface Search {
  name: Name;
  path: readonly Name[] | undefined;
  readonly places: readonly LayerNode[];
}

function follow(search: Search, moved: Name | undefined): void {
  if (moved === undefined) return;
  if (moved.startsWith('/')) search.path = moved.slice(1).split('/') as Name[];
  else if (search.path !== undefined) search.path = [...search.path.slice(0, -1), moved];
  else search.name = moved;
}

/** The next regular file of that name below layer `above`. */
function* below(state: OverlayState, search: Search, above: number): Op<Hit | undefined> {
  let answer: Answer;
  let { path } = search;
  if (path === undefined) {
    for (const place of search.places) {
      if (place.at <= above) continue;
      answer = yield* ask(state.layer(place.at), OWN_REQUEST, place.node, search.name);
      if (answer !== undefined) break;
    }
  } else {
    for (const layer of state.layers.slice(above + 1)) {
      const step: Step = yield* walk(layer, OWN_REQUEST, path);
      search.path = path = step.next;
      answer = step.answer;
      if (answer !== undefined || step.stop) break;
    }
  }
  if (answer === undefined || answer === 'whiteout') return undefined;
  if (typeOf(answer.entry.attr) === S_IFREG) return answer;
  state.layer(answer.at).forget(answer.entry.node);
  return undefined;
}

/** Fewer blocks than bytes: a file with a hole, or whose data is elsewhere. */
export function fillsItsBlocks(attr: Attr): boolean {
  return typeOf(attr) !== S_IFREG || attr.blocks * 512 >= attr.size;
}

export function hasOwnBlocks(node: OverlayNode, attr: Attr): boolean {
  return node.whole || fillsItsBlocks(attr);
}

/** Space used: that of the data. A file without blocks would pass for a hole, which `tar -S` does not read. */
export function* blocksOfData(state: OverlayState, node: OverlayNode, attr: Attr): Op<number> {
  if (hasOwnBlocks(node, attr)) return attr.blocks;
  try {
    const place = yield* dataPlace(state, node);
    if (node.dataAt === undefined || place.layer.fs.getattr === undefined) return attr.blocks;
    return (yield* wait(place.layer.fs.getattr(OWN_REQUEST, place.node, undefined))).attr.blocks;
  } catch {
    // Who reads is told.
    return attr.blocks;
  }
}
