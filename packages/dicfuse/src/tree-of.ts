import type { Maybe, Request } from '@scorpiofs/fuse';
import { EMPTY_TREE, type TreeWant } from '@scorpiofs/objects';
import { pathOf, type Directory } from './directory.js';
import { asFsError } from './failure.js';
import type { PlacedTree } from './ids/places.js';
import type { Base } from './state.js';
import { Listing } from './trees/listing.js';
import type { LocalTree } from './trees/trees.js';

/** Why a listing is wanted: to be shown, or to find one name in it. */
export type Purpose = 'list' | 'find';

/** The listing of a directory: from memory or the store in this turn (a large one of the store in several), else from the source. */
export function treeOf(
  base: Base,
  directory: Directory,
  purpose: Purpose,
  req?: Pick<Request, 'signal'>,
): Maybe<PlacedTree> {
  if (directory.tree !== undefined) {
    base.loaded.use(directory);
    return directory.tree;
  }
  if (directory.submodule) return { ...NOTHING, place: directory.place };
  const want = wantOf(directory);
  const local = base.trees.localSoon(want);
  if (local === undefined) return fetched(base, directory, want, purpose, req);
  if (local instanceof Promise) return soon(base, directory, purpose, local, req);
  if (local.ahead) base.treeAhead.hit(want, purpose === 'list', false);
  return adopt(base, directory, local);
}

/** A large one of the store, in several turns. */
async function soon(
  base: Base,
  directory: Directory,
  purpose: Purpose,
  reading: Promise<LocalTree | undefined>,
  req: Pick<Request, 'signal'> | undefined,
): Promise<PlacedTree> {
  const local = await reading;
  if (local === undefined) return await fetched(base, directory, wantOf(directory), purpose, req);
  // The view moved meanwhile.
  if (directory.oid !== local.oid) return await treeOf(base, directory, purpose, req);
  return adopt(base, directory, local);
}

async function fetched(
  base: Base,
  directory: Directory,
  want: TreeWant,
  purpose: Purpose,
  req: Pick<Request, 'signal'> | undefined,
): Promise<PlacedTree> {
  let asked = false;
  const plan = () => {
    asked = true;
    return base.treeAhead.planFor(want, purpose === 'list');
  };
  try {
    const local = await base.trees.get(want, plan, base.treeAhead, req?.signal);
    base.capabilities.learn();
    // On its way already, with the answer for another one.
    if (!asked) base.treeAhead.hit(want, purpose === 'list', true);
    // The view moved while this was on its way.
    if (directory.oid !== '' && directory.oid !== local.oid)
      return await treeOf(base, directory, purpose, req);
    return adopt(base, directory, local);
  } catch (error) {
    throw asFsError(error, `listing of ${want.path}`);
  }
}

function adopt(base: Base, directory: Directory, { key, oid, listing }: LocalTree): PlacedTree {
  // Somebody else who waited was quicker, or the view has moved meanwhile.
  if (directory.tree !== undefined) return directory.tree;
  if (directory.oid === '') directory.oid = oid;
  const tree = base.places.placed(directory.place, key, listing);
  base.sizes.fill(tree.listing);
  directory.tree = tree;
  directory.shown = true;
  base.loaded.add(directory);
  if (directory.parent === undefined) directory.time = tree.block.time;
  return tree;
}

export function wantOf(directory: Directory): TreeWant {
  const { root, oid } = directory;
  const want = { revision: root.revision, path: pathOf(directory) };
  return oid === '' ? want : { ...want, oid };
}

const NOTHING = {
  key: EMPTY_TREE,
  listing: Listing.of([]),
  block: { start: 0, count: 0, time: 0, kept: undefined },
};
