import type { Maybe, Name, NodeId, Request } from '@scorpiofs/fuse';
import { EIO, ENODATA, ENOSYS, EOPNOTSUPP, fail, isErrno } from './errno.js';
import type { LayerState } from './layers.js';
import { wait, type Op } from './run.js';

/** What the kernel's overlay writes on its upper files, by the part after `trusted.overlay.` or `user.overlay.`. */
export type Mark =
  'opaque' | 'redirect' | 'origin' | 'impure' | 'nlink' | 'metacopy' | 'ino' | 'upper';

export function markName(layer: LayerState, mark: Mark): Name {
  const { markNames, xattrPrefix } = layer;
  let name = markNames.get(mark);
  if (name === undefined) markNames.set(mark, (name = (xattrPrefix + mark) as Name));
  return name;
}

export function* getMark(
  layer: LayerState,
  req: Request,
  node: NodeId,
  mark: Mark,
): Op<Uint8Array | undefined> {
  const value = xattrSoon(layer, req, node, markName(layer, mark));
  return value instanceof Promise ? yield* wait(value) : value;
}

/** Of all attributes, marks too; undefined where the layer cannot say, and each has to be asked for. */
export function attributeNames(
  layer: LayerState,
  req: Request,
  node: NodeId,
): Maybe<readonly Name[] | undefined> {
  try {
    const names = layer.fs.listxattr?.(req, node);
    return names instanceof Promise ? names.catch(cannotSay) : names;
  } catch (error) {
    return cannotSay(error);
  }
}

function cannotSay(error: unknown): undefined {
  if (!isErrno(error, EOPNOTSUPP, ENOSYS)) throw error;
}

export function* getXattr(
  layer: LayerState,
  req: Request,
  node: NodeId,
  name: Name,
): Op<Uint8Array | undefined> {
  return yield* wait(xattrSoon(layer, req, node, name));
}

/** The same, without a step where the layer answers at once. */
function xattrSoon(
  layer: LayerState,
  req: Request,
  node: NodeId,
  name: Name,
): Maybe<Uint8Array | undefined> {
  const { fs } = layer;
  if (fs.findXattr !== undefined) return fs.findXattr(req, node, name);
  try {
    const value = fs.getxattr?.(req, node, name);
    return value instanceof Promise ? value.catch(isAbsent) : value;
  } catch (error) {
    return isAbsent(error);
  }
}

function isAbsent(error: unknown): undefined {
  if (!isErrno(error, ENODATA, EOPNOTSUPP, ENOSYS)) throw error;
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

/** From all names of a directory's attributes: it is certainly not opaque, and shows what is below it at its own name. */
export function isPlain(layer: LayerState, names: readonly Name[] | undefined): boolean {
  if (names === undefined || layer.form === 'oci') return false;
  return !names.includes(markName(layer, 'opaque')) && !names.includes(markName(layer, 'redirect'));
}

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
