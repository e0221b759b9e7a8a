import type { Entry, Name, Request } from '@scorpiofs/fuse';
import { entryOf } from './attr.js';
import { copyUp, markImpure } from './copy-up.js';
import { refuseMark } from './make-entry.js';
import { EEXIST, ENOSYS, EPERM, fail } from './errno.js';
import { lookup } from './lookup.js';
import { S_IFDIR } from './mode.js';
import { move } from './node-table.js';
import type { OverlayNode } from './node.js';
import { wait, type Op } from './run.js';
import { OWN_REQUEST, type OverlayState } from './state.js';
import { clearOciMark, placeStaged } from './work.js';

/** Another name for a file; a lower one is copied up first. Over a whiteout the link is staged and renamed over it. */
export function* link(
  state: OverlayState,
  req: Request,
  node: OverlayNode,
  parent: OverlayNode,
  name: Name,
): Op<Entry> {
  const { upper, work } = state.writable();
  if (node.type === S_IFDIR) fail(EPERM, 'hard link to a directory');
  refuseMark(upper, name);
  if ((yield* lookup(state, req, parent, name)) !== undefined) fail(EEXIST, 'name exists');
  const file = yield* copyUp(state, node);
  const directory = yield* copyUp(state, parent);
  if (upper.fs.link === undefined) return fail(ENOSYS, 'upper without link');
  if (node.lowers.length > 0 || node.parent?.impure === true) yield* markImpure(state, parent);
  const whiteout = yield* upper.has(OWN_REQUEST, directory, name);
  if (whiteout) {
    const staged = state.temporaryLinkName();
    const made = yield* wait(upper.fs.link(OWN_REQUEST, file, work, staged));
    upper.forget(made.node);
    yield* placeStaged(state, staged, directory, name);
  } else {
    const made = yield* wait(upper.fs.link(req, file, directory, name));
    upper.forget(made.node);
    yield* clearOciMark(upper, directory, name);
  }
  node.unlinked = false;
  move(state, node, parent, name);
  parent.listing?.set(name, node.ino, node.type);
  return yield* entryOf(state, node);
}
