import type { Maybe, Name, Request } from '@scorpiofs/fuse';
import { entryOf } from './attr.js';
import { askOnly, directEntry, onlyPlace, type LayerAnswer } from './direct.js';
import { ENOTDIR, fail } from './errno.js';
import { keepName } from './held-names.js';
import { lookup } from './lookup.js';
import { S_IFDIR } from './mode.js';
import type { OverlayNode } from './node.js';
import { run, type Op } from './run.js';
import type { OverlayState } from './state.js';

/** What the kernel is told of a name; adds a reference to the node it gets. */
export function lookupEntry(
  state: OverlayState,
  req: Request,
  parent: OverlayNode,
  name: Name,
): Maybe<LayerAnswer> {
  if (parent.type !== S_IFDIR) fail(ENOTDIR, 'lookup in a file');
  const place = onlyPlace(parent);
  const layer = place === undefined ? undefined : state.layer(place.at);
  // In the OCI form a second name may be the mark of the first.
  if (place === undefined || layer === undefined || layer.form === 'oci')
    return run(searched(state, req, parent, name));
  const begun = askOnly(layer, req, place, name);
  if (!(begun instanceof Promise)) {
    const direct = directEntry(state, parent, name, layer, begun);
    if (direct !== undefined) return direct;
  }
  return run(searched(state, req, parent, name, begun));
}

function* searched(
  state: OverlayState,
  req: Request,
  parent: OverlayNode,
  name: Name,
  begun?: Maybe<LayerAnswer>,
): Op<LayerAnswer> {
  const found = yield* lookup(state, req, parent, name, begun);
  state.absent = found === undefined ? { directory: parent, name } : undefined;
  if (found === undefined) return { node: 0, entryTtl: state.ttl };
  // A known node may have been copied up since under another of its names: then the lower's attributes are old.
  const { node } = found;
  if (found.inUpper && node.type === S_IFDIR) keepName(parent, name, node);
  const current = node.upper !== undefined && node.lowers.length > 0 && node.type !== S_IFDIR;
  return yield* entryOf(state, node, current ? undefined : found.attr);
}
