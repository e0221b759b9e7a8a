import type { Maybe, Request } from '@scorpiofs/fuse';
import { askOnly } from './direct.js';
import { EEXIST, EINVAL, ENOSYS, isErrno } from './errno.js';
import { keepName } from './held-names.js';
import type { LayerState } from './layers.js';
import { move } from './node-table.js';
import type { OverlayNode } from './node.js';
import { heldFile, isOwn, ownFile } from './own.js';
import { rename, type Place } from './rename.js';
import { run } from './run.js';
import { OWN_REQUEST, type OverlayState } from './state.js';
import { RENAME_NOREPLACE } from './work.js';

/**
 * As `rename`, without steps for a file that only the upper has, to a name that is free there: what is at the new name is looked
 * at only where the host says that something is.
 */
export function renameNow(
  state: OverlayState,
  req: Request,
  from: Place,
  to: Place,
  flags: number,
): Maybe<void> {
  const { upper } = state;
  const inSteps = () => run(rename(state, req, from, to, flags));
  const simple = flags === 0 || flags === RENAME_NOREPLACE;
  const [source, target] = [from.parent, to.parent];
  // A number from below goes along with the file: not known to be so, or it is (markImpure).
  if (!simple || !isOwn(state, source) || !isOwn(state, target) || source.impure !== false)
    return inSteps();
  if (upper?.fs.rename === undefined || target.held?.has(to.name) === true) return inSteps();
  const held = heldFile(source, from.name);
  if (held !== undefined) return moveOwn(state, upper, held, from, to, inSteps);
  const begun = askOnly(upper, req, { at: 0, node: source.upper }, from.name);
  const node = begun instanceof Promise ? undefined : ownFile(state, source, from.name, begun);
  if (begun instanceof Promise || node === undefined || !('attr' in begun))
    return run(rename(state, req, from, to, flags, begun));
  upper.forget(begun.node);
  return moveOwn(state, upper, node, from, to, inSteps);
}

function moveOwn(
  state: OverlayState,
  { fs }: LayerState,
  node: OverlayNode,
  { parent: source, name }: Place,
  { parent: target, name: newName }: Place,
  inSteps: () => Maybe<void>,
): Maybe<void> {
  const failed = (error: unknown) => {
    if (isErrno(error, EEXIST, EINVAL, ENOSYS)) return inSteps();
    throw error;
  };
  const follow = () => {
    source.listing?.delete(name);
    target.listing?.set(newName, node.ino, node.type);
    move(state, node, target, newName);
    keepName(target, newName, node);
  };
  if (source.upper === undefined || target.upper === undefined) return inSteps();
  let moved: Maybe<void>;
  try {
    moved = fs.rename?.(OWN_REQUEST, source.upper, name, target.upper, newName, RENAME_NOREPLACE);
  } catch (error) {
    return failed(error);
  }
  return moved instanceof Promise ? moved.then(follow, failed) : follow();
}
