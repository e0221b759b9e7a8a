import type { DirSink, Name, Request } from '@scorpiofs/fuse';
import { ENOTDIR, fail } from './errno.js';
import { listing } from './list-merged.js';
import { lookupEntry } from './lookup-entry.js';
import { S_IFDIR } from './mode.js';
import { forget } from './node-table.js';
import type { OverlayNode } from './node.js';
import { wait, type Op } from './run.js';
import type { OverlayState } from './state.js';

const ASKED_PER_TURN = 200;

const DOT = '.' as Name;
const DOT_DOT = '..' as Name;

/**
 * The kernel has this file with its attributes: the name is enough, and no layer is asked. (Should it have forgotten either, it asks
 * for that file.)
 */
function isTold(directory: OverlayNode, name: Name): boolean {
  const node = directory.held?.get(name);
  return node !== undefined && node.type !== S_IFDIR && node.told && node.lookups > 0;
}

/** Listings come by node, without handles; cookies are those of `Listing`. */
export function* readdir(
  state: OverlayState,
  req: Request,
  node: OverlayNode,
  offset: number,
  sink: DirSink,
): Op<void> {
  if (node.type !== S_IFDIR) fail(ENOTDIR, 'listing of a file');
  if (offset < 1 && !sink.add(DOT, node.ino, S_IFDIR, 1)) return;
  if (offset < 2 && !sink.add(DOT_DOT, (node.parent ?? node).ino, S_IFDIR, 2)) return;
  const list = yield* listing(state, req, node);
  let asked = 0;
  for (const entry of list.after(Math.max(offset, 2))) {
    if (!sink.plus || isTold(node, entry.name)) {
      if (!sink.add(entry.name, entry.ino, entry.type, entry.cookie)) return;
      continue;
    }
    // Others of this process wait no longer than some milliseconds (decision D13).
    if (++asked % ASKED_PER_TURN === 0)
      yield* wait(new Promise<void>((next) => setImmediate(next)));
    const answer = lookupEntry(state, req, node, entry.name);
    const found = answer instanceof Promise ? yield* wait(answer) : answer;
    // Gone between listing and lookup: a layer changed behind our back.
    if (found.node === 0) continue;
    if (!sink.addEntry(entry.name, found as Parameters<DirSink['addEntry']>[1], entry.cookie)) {
      forget(state, found.node, 1);
      return;
    }
  }
}
