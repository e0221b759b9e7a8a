import type { Request } from '@scorpiofs/fuse';
import { EINVAL, fail } from './errno.js';
import type { OverlayNode } from './node.js';
import { wait, type Op } from './run.js';
import { top, type OverlayState } from './state.js';

export function* readlink(state: OverlayState, req: Request, node: OverlayNode): Op<Uint8Array> {
  const where = top(state, node);
  if (where.layer.fs.readlink === undefined) return fail(EINVAL, 'layer without symbolic links');
  return yield* wait(where.layer.fs.readlink(req, where.node));
}
