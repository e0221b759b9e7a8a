import type { Name, NodeId, Request } from '@scorpiofs/fuse';
import { EIO, ENODATA, ENOSYS, EOPNOTSUPP, fail, isErrno } from './errno.js';
import type { LayerState } from './layers.js';
import { wait, type Op } from './run.js';

/** What the kernel's overlay writes on its upper files, by the part after `trusted.overlay.` or `user.overlay.`. */
export type Mark =
  'opaque' | 'redirect' | 'origin' | 'impure' | 'nlink' | 'metacopy' | 'ino' | 'upper';

export function markName(layer: LayerState, mark: Mark): Name {
  return (layer.xattrPrefix + mark) as Name;
}

export function* getMark(
  layer: LayerState,
  req: Request,
  node: NodeId,
  mark: Mark,
): Op<Uint8Array | undefined> {
  return yield* getXattr(layer, req, node, markName(layer, mark));
}

export function* getXattr(
  layer: LayerState,
  req: Request,
  node: NodeId,
  name: Name,
): Op<Uint8Array | undefined> {
  const { fs } = layer;
  if (fs.findXattr !== undefined) return yield* wait(fs.findXattr(req, node, name));
  if (fs.getxattr === undefined) return undefined;
  try {
    return yield* wait(fs.getxattr(req, node, name));
  } catch (error) {
    if (isErrno(error, ENODATA, EOPNOTSUPP, ENOSYS)) return undefined;
    throw error;
  }
}

export function* setMark(
  layer: LayerState,
  req: Request,
  node: NodeId,
  mark: Mark,
  value: Uint8Array,
): Op<void> {
  const { fs } = layer;
  if (fs.setxattr === undefined) fail(EOPNOTSUPP, `the upper layer takes no ${mark} mark`);
  yield* wait(fs.setxattr(req, node, markName(layer, mark), Buffer.from(value), 0, false));
}

const YES = 'y'.charCodeAt(0);
const FOREIGN_OPAQUE = ['user.fuseoverlayfs.opaque', 'user.overlay.opaque'] as Name[];

/** Opaque: the kernel's mark, the ones of fuse-overlayfs, or the OCI file `.wh..wh..opq` (spec §7.2). */
export function* isOpaque(layer: LayerState, req: Request, node: NodeId): Op<boolean> {
  if (!layer.marked) return false;
  if ((yield* getMark(layer, req, node, 'opaque'))?.[0] === YES) return true;
  if (layer.form !== 'oci') return false;
  for (const name of FOREIGN_OPAQUE) {
    const value = yield* getXattr(layer, req, node, name);
    if (value?.[0] === YES || value?.[0] === 'Y'.charCodeAt(0)) return true;
  }
  return (yield* layer.has(req, node, OCI_OPAQUE)) === true;
}

export const OCI_PREFIX = '.wh.';
export const OCI_OPAQUE = '.wh..wh..opq' as Name;

export function ociWhiteout(name: Name): Name {
  return (OCI_PREFIX + name) as Name;
}

/**
 * Where the lower content of a directory is: a plain name (in the same parent), or an absolute path from the layers' roots.
 * Anything else was not written by an overlay; following it could leave the tree, so it is an error (fuse-transport §8).
 */
export function* redirectOf(layer: LayerState, req: Request, node: NodeId): Op<Name | undefined> {
  if (!layer.marked) return undefined;
  const value = yield* getMark(layer, req, node, 'redirect');
  if (value === undefined) return undefined;
  const text = Buffer.from(value).toString('latin1');
  const parts = text.startsWith('/') ? text.slice(1).split('/') : [text];
  if (parts.some((p) => p === '' || p === '.' || p === '..' || p.includes('/') || p.includes('\0')))
    fail(EIO, `corrupted redirect mark ${JSON.stringify(text.slice(0, 200))}`);
  return text as Name;
}
