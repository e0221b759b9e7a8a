import type { Maybe, Request } from '@scorpiofs/fuse';
import { copyUp } from './copy-up.js';
import { borrow, giveBack, withData, withOpen } from './data-handle.js';
import { EINVAL, EOPNOTSUPP, fail } from './errno.js';
import type { OverlayNode } from './node.js';
import { run, type Op } from './run.js';
import type { OverlayState } from './state.js';

export function* read(
  state: OverlayState,
  req: Request,
  node: OverlayNode,
  offset: number,
  into: Buffer,
  flags: number,
): Op<number> {
  return yield* withData(
    state,
    node,
    false,
    ({ layer: { fs }, node: at, fh }) =>
      fs.read?.(req, at, fh, offset, into, flags) ?? fail(EOPNOTSUPP, 'layer without read'),
  );
}

export interface WriteInfo {
  readonly flags: number;
  readonly cached: boolean;
  readonly killSuidgid: boolean;
}

/** The first write copies a lower file up. What this answered is in the upper's file system (D9). */
function* write(
  state: OverlayState,
  req: Request,
  node: OverlayNode,
  offset: number,
  data: Buffer,
  info: WriteInfo,
): Op<number> {
  yield* copyUp(state, node);
  return yield* withData(
    state,
    node,
    true,
    ({ layer: { fs }, node: at, fh }) =>
      fs.write?.(req, at, fh, offset, data, info) ?? fail(EOPNOTSUPP, 'upper without write'),
  );
}

/** As `write`, without steps for a file that is open in the upper: one that was just made or written. */
export function writeNow(
  state: OverlayState,
  req: Request,
  node: OverlayNode,
  offset: number,
  data: Buffer,
  info: WriteInfo,
): Maybe<number> {
  const { upper } = node;
  const now =
    upper === undefined
      ? undefined
      : withOpen(
          state,
          node,
          (fh) =>
            state.upper?.fs.write?.(req, upper, fh, offset, data, info) ??
            fail(EOPNOTSUPP, 'upper without write'),
        );
  return now ?? run(write(state, req, node, offset, data, info));
}

/** A lower file has nothing to flush. */
export function* fsync(
  state: OverlayState,
  req: Request,
  node: OverlayNode,
  datasync: boolean,
): Op<void> {
  if (node.upper === undefined) return;
  yield* withData(state, node, false, ({ layer: { fs }, node: at, fh }) =>
    fs.fsync?.(req, at, fh, datasync),
  );
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
  yield* withData(state, node, true, ({ layer: { fs }, node: at, fh }) => {
    if (fs.fallocate === undefined) return fail(EOPNOTSUPP, 'upper without fallocate');
    return fs.fallocate(req, at, fh, mode, offset, length);
  });
}

export function* lseek(
  state: OverlayState,
  req: Request,
  node: OverlayNode,
  offset: number,
  whence: number,
): Op<number> {
  return yield* withData(
    state,
    node,
    false,
    ({ layer: { fs }, node: at, fh }) =>
      fs.lseek?.(req, at, fh, offset, whence) ?? fail(EINVAL, 'layer without lseek'),
  );
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
  const target = yield* borrow(state, to.node, true);
  try {
    return yield* withData(state, from.node, false, (source) => {
      const { fs } = target.layer;
      if (target.layer !== source.layer || fs.copyFileRange === undefined)
        return fail(EOPNOTSUPP, 'ranges of two layers');
      return fs.copyFileRange(
        req,
        { node: source.node, fh: source.fh, offset: from.offset },
        { node: target.node, fh: target.fh, offset: to.offset },
        length,
        flags,
      );
    });
  } finally {
    giveBack(state, to.node, target);
  }
}
