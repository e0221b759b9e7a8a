import type { Maybe, Request } from '@scorpiofs/fuse';
import { askOnly } from './direct.js';
import { EEXIST, EINVAL, ENOSYS, isErrno } from './errno.js';
import { move } from './node-table.js';
import { isOwn, ownFile } from './own.js';
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
  const simple = flags === 0 || flags === RENAME_NOREPLACE;
  const [source, target] = [from.parent, to.parent];
  // A number from below goes along with the file: not known to be so, or it is (markImpure).
  if (!simple || !isOwn(state, source) || !isOwn(state, target) || source.impure !== false)
    return run(rename(state, req, from, to, flags));
  if (upper?.fs.rename === undefined) return run(rename(state, req, from, to, flags));
  const begun = askOnly(upper, req, { at: 0, node: source.upper }, from.name);
  const inSteps = () => run(rename(state, req, from, to, flags, begun));
  const node = begun instanceof Promise ? undefined : ownFile(state, source, from.name, begun);
  if (begun instanceof Promise || node === undefined || !('attr' in begun)) return inSteps();
  const failed = (error: unknown) => {
    if (isErrno(error, EEXIST, EINVAL, ENOSYS)) return inSteps();
    upper.forget(begun.node);
    throw error;
  };
  const follow = () => {
    upper.forget(begun.node);
    source.listing?.delete(from.name);
    target.listing?.set(to.name, node.ino, node.type);
    move(state, node, target, to.name);
  };
  let moved: Maybe<void>;
  try {
    const ends = [source.upper, from.name, target.upper, to.name] as const;
    moved = upper.fs.rename(OWN_REQUEST, ...ends, RENAME_NOREPLACE);
  } catch (error) {
    return failed(error);
  }
  return moved instanceof Promise ? moved.then(follow, failed) : follow();
}
