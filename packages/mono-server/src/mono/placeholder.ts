import type { TreeName } from '@scorpiofs/objects';
import { FILE } from '../tree/tree-body.js';
import type { Person } from '../git/commit-object.js';
import { advanceRoot } from './advance.js';
import type { Monorepo } from './monorepo.js';
import { mega } from './server-commit.js';
import { TreeEditor } from './tree-edit.js';

/**
 * Gives an import repository a new placeholder in the monorepo's tree (§4.4): a directory with one `.gitkeep` whose text differs
 * each time, so that its id tells that something was pushed. Within `change` only. Returns the id of that file.
 */
export async function renewPlaceholder(
  mono: Monorepo,
  path: string,
  text: string,
  message: string,
  who: Person = mega(),
): Promise<string> {
  const editor = new TreeEditor(mono.store);
  const keep = await editor.blob(text);
  const tree = await editor.tree([{ mode: FILE, name: '.gitkeep' as TreeName, oid: keep }]);
  await advanceRoot(mono, path, tree, message, editor, who);
  return keep;
}
