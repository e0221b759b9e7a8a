import { realpathSync } from 'node:fs';
import { sep } from 'node:path';
import { CommandError } from '../command-error.js';
import { EXIT } from '../exit-codes.js';

/**
 * The configuration's check goes by names; this one follows links: a mount over the store, or a store in the mount, would hide what is stored and lock the
 * daemon up. Both exist by now.
 */
export function guardPlaces(workspace: string, store: string): void {
  const [mount, place] = [realpathSync(workspace), realpathSync(store)];
  const inside = (inner: string, outer: string) => inner === outer || inner.startsWith(outer + sep);
  if (!inside(mount, place) && !inside(place, mount)) return;
  throw new CommandError(
    'OVERLAP',
    `the mount point ${mount} and the store ${place} overlap`,
    'Choose a workspace and a store_path of which neither lies inside the other.',
    EXIT.mount,
  );
}
