import {
  FILE_ATTRIBUTE,
  type FileAttributeForm,
  type FileAttributes,
  type Request,
} from '@scorpiofs/fuse';
import { copyUp } from './copy-up.js';
import { ENOTTY, EOPNOTSUPP, fail, isErrno } from './errno.js';
import { layerAttributes } from './hand-on.js';
import type { OverlayNode } from './node.js';
import { wait, type Op } from './run.js';
import { top, type OverlayState } from './state.js';

const { flags, fsxattr } = FILE_ATTRIBUTE;

/**
 * Not shown and not given to anybody. On the upper's own files they would keep the union from removing and replacing them, and
 * kept elsewhere nobody would heed them: the kernel leaves that to a FUSE file system.
 */
const PROTECTION = {
  flags: flags.IMMUTABLE | flags.APPEND,
  fsxattr: fsxattr.IMMUTABLE | fsxattr.APPEND,
} as const;

export function* getFileAttributes(
  state: OverlayState,
  req: Request,
  node: OverlayNode,
  form: FileAttributeForm,
): Op<FileAttributes> {
  const { layer, node: at } = top(state, node);
  try {
    const got = yield* layerAttributes(layer, req, at, form);
    return { ...got, bits: got.bits & ~PROTECTION[form] };
  } catch (error) {
    // A lower file of a layer that has none can have some as soon as it is copied up.
    const canHave = node.upper === undefined && state.upper?.fs.setFileAttributes !== undefined;
    if (canHave && isErrno(error, ENOTTY, EOPNOTSUPP)) return { form, bits: 0 };
    throw error;
  }
}

/** Only what differs from what was shown is changed: the rest may say something else of the copy than of the lower file. */
export function* setFileAttributes(
  state: OverlayState,
  req: Request,
  node: OverlayNode,
  set: FileAttributes,
): Op<void> {
  const { form } = set;
  const { upper } = state.writable();
  if ((set.bits & PROTECTION[form]) !== 0) fail(EOPNOTSUPP, 'immutable or append-only');
  const shown = yield* getFileAttributes(state, req, node, form);
  const changed = shown.bits ^ set.bits;
  if (form === 'flags' && changed === 0) return;
  if (upper.fs.setFileAttributes === undefined) fail(ENOTTY, 'upper without file attributes');
  const target = yield* copyUp(state, node);
  const now = yield* layerAttributes(upper, req, target, form);
  const bits = ((now.bits & ~changed) | (set.bits & changed)) >>> 0;
  yield* wait(upper.fs.setFileAttributes(req, target, undefined, { ...set, bits }));
}
