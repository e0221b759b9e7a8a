import type { Request, StatfsReply } from '@scorpiofs/fuse';
import { ENOSYS, fail } from './errno.js';
import type { OverlayNode } from './node.js';
import { wait, type Op } from './run.js';
import type { OverlayState } from './state.js';

/** The space that is left is the upper's. */
export function* statfs(state: OverlayState, req: Request): Op<StatfsReply> {
  const layer = state.layer(0);
  if (layer.fs.statfs === undefined) return fail(ENOSYS, 'layer without statfs');
  return yield* wait(layer.fs.statfs(req, layer.root));
}

/** Lower layers hold nothing that is not on disk. */
export function* syncfs(state: OverlayState, req: Request): Op<void> {
  const { upper } = state;
  if (upper?.fs.syncfs !== undefined) yield* wait(upper.fs.syncfs(req, upper.root));
}

export function* fsyncdir(
  state: OverlayState,
  req: Request,
  node: OverlayNode,
  datasync: boolean,
): Op<void> {
  const { upper } = state;
  if (upper === undefined || node.upper === undefined) return;
  const { fs } = upper;
  if (fs.fsyncdir === undefined || fs.opendir === undefined) return;
  const { fh } = yield* wait(fs.opendir(req, node.upper, 0));
  try {
    yield* wait(fs.fsyncdir(req, node.upper, fh, datasync));
  } finally {
    if (fs.releasedir !== undefined) yield* wait(fs.releasedir(req, node.upper, fh));
  }
}
