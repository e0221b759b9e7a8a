import type { Maybe, Name, Request } from '@scorpiofs/fuse';
import { copyUp } from './copy-up.js';
import { ENODATA, EOPNOTSUPP, fail } from './errno.js';
import type { LayerState } from './layers.js';
import type { OverlayNode } from './node.js';
import { wait, type Op } from './run.js';
import { top, type OverlayState } from './state.js';

/** Nothing gives a new file some: unlike labels and ACLs they are always set by name. */
const CAPABILITIES = 'security.capability' as Name;

/**
 * The overlay's marks are hidden, and a user's attribute of such a name is stored one level deeper
 * (`trusted.overlay.x` as `trusted.overlay.overlay.x`), so that an overlay can be a layer of another one.
 */
function escape(layer: LayerState, name: Name): Name {
  const { xattrPrefix } = layer;
  if (!layer.marked || !name.startsWith(xattrPrefix)) return name;
  return `${xattrPrefix}overlay.${name.slice(xattrPrefix.length)}` as Name;
}

/** The name as a user sees it; undefined for a mark. */
export function unescape(layer: LayerState, name: Name): Name | undefined {
  const { xattrPrefix } = layer;
  if (!layer.marked || !name.startsWith(xattrPrefix)) return name;
  const rest = name.slice(xattrPrefix.length);
  return rest.startsWith('overlay.')
    ? ((xattrPrefix + rest.slice('overlay.'.length)) as Name)
    : undefined;
}

export function getxattr(
  state: OverlayState,
  req: Request,
  node: OverlayNode,
  name: Name,
): Maybe<Uint8Array | undefined> {
  // The kernel asks before the first write, and at a change of owner.
  if (node.bare && name === CAPABILITIES) return undefined;
  const { layer, node: at } = top(state, node);
  return layer.fs.getxattr?.(req, at, escape(layer, name));
}

export function* listxattr(
  state: OverlayState,
  req: Request,
  node: OverlayNode,
): Op<readonly Name[]> {
  const where = top(state, node);
  if (where.layer.fs.listxattr === undefined) return [];
  const names = yield* wait(where.layer.fs.listxattr(req, where.node));
  return names.flatMap((name) => unescape(where.layer, name) ?? []);
}

export function* setxattr(
  state: OverlayState,
  req: Request,
  node: OverlayNode,
  name: Name,
  value: Buffer,
  flags: number,
  clearSgid: boolean,
): Op<void> {
  const { upper } = state.writable();
  const target = yield* copyUp(state, node);
  node.told = false;
  if (upper.fs.setxattr === undefined) return fail(EOPNOTSUPP, 'upper without attributes');
  node.bare = false;
  yield* wait(upper.fs.setxattr(req, target, escape(upper, name), value, flags, clearSgid));
}

export function* removexattr(
  state: OverlayState,
  req: Request,
  node: OverlayNode,
  name: Name,
): Op<void> {
  const { upper } = state.writable();
  // Nothing is copied up only to fail.
  if ((yield* wait(getxattr(state, req, node, name))) === undefined)
    fail(ENODATA, 'no such attribute');
  const target = yield* copyUp(state, node);
  node.told = false;
  if (upper.fs.removexattr === undefined) return fail(EOPNOTSUPP, 'upper without attributes');
  yield* wait(upper.fs.removexattr(req, target, escape(upper, name)));
}
