import type { Request } from '@scorpiofs/fuse';
import { copyUp } from './copy-up.js';
import { openData } from './data-handle.js';
import { EINVAL, EOPNOTSUPP, fail } from './errno.js';
import type { OverlayNode } from './node.js';
import { wait, type Op } from './run.js';
import type { OverlayState } from './state.js';

export function* read(
  state: OverlayState,
  req: Request,
  node: OverlayNode,
  offset: number,
  into: Buffer,
  flags: number,
): Op<number> {
  const { layer, node: at, fh } = yield* openData(state, node, false);
  if (layer.fs.read === undefined) return fail(EOPNOTSUPP, 'layer without read');
  return yield* wait(layer.fs.read(req, at, fh, offset, into, flags));
}

export interface WriteInfo {
  readonly flags: number;
  readonly cached: boolean;
  readonly killSuidgid: boolean;
}

/** The first write copies a lower file up. What this answered is in the upper's file system (D9). */
export function* write(
  state: OverlayState,
  req: Request,
  node: OverlayNode,
  offset: number,
  data: Buffer,
  info: WriteInfo,
): Op<number> {
  yield* copyUp(state, node);
  const { layer, node: at, fh } = yield* openData(state, node, true);
  if (layer.fs.write === undefined) return fail(EOPNOTSUPP, 'upper without write');
  return yield* wait(layer.fs.write(req, at, fh, offset, data, info));
}

/** A lower file has nothing to flush. */
export function* fsync(
  state: OverlayState,
  req: Request,
  node: OverlayNode,
  datasync: boolean,
): Op<void> {
  if (node.upper === undefined) return;
  const { layer, node: at, fh } = yield* openData(state, node, false);
  if (layer.fs.fsync !== undefined) yield* wait(layer.fs.fsync(req, at, fh, datasync));
}

export function* fallocate(
  state: OverlayState,
  req: Request,
  node: OverlayNode,
  mode: number,
  offset: number,
  length: number,
): Op<void> {
  yield* copyUp(state, node);
  const { layer, node: at, fh } = yield* openData(state, node, true);
  if (layer.fs.fallocate === undefined) return fail(EOPNOTSUPP, 'upper without fallocate');
  yield* wait(layer.fs.fallocate(req, at, fh, mode, offset, length));
}

export function* lseek(
  state: OverlayState,
  req: Request,
  node: OverlayNode,
  offset: number,
  whence: number,
): Op<number> {
  const { layer, node: at, fh } = yield* openData(state, node, false);
  if (layer.fs.lseek === undefined) return fail(EINVAL, 'layer without lseek');
  return yield* wait(layer.fs.lseek(req, at, fh, offset, whence));
}

interface Range {
  readonly node: OverlayNode;
  readonly offset: number;
}

/** In the upper both ends are one layer's; from a lower the kernel falls back to reading and writing (EXDEV). */
export function* copyFileRange(
  state: OverlayState,
  req: Request,
  from: Range,
  to: Range,
  length: number,
  flags: number,
): Op<number> {
  yield* copyUp(state, to.node);
  const target = yield* openData(state, to.node, true);
  const source = yield* openData(state, from.node, false);
  if (target.layer !== source.layer || target.layer.fs.copyFileRange === undefined)
    return fail(EOPNOTSUPP, 'ranges of two layers');
  return yield* wait(
    target.layer.fs.copyFileRange(
      req,
      { node: source.node, fh: source.fh, offset: from.offset },
      { node: target.node, fh: target.fh, offset: to.offset },
      length,
      flags,
    ),
  );
}
