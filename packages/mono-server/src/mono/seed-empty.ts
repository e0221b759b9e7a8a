import type { TreeName } from '@scorpiofs/objects';
import type { ObjectStore } from '../git/object-store.js';
import { DIRECTORY, FILE, type TreeItem } from '../tree/tree-body.js';
import { TreeEditor } from './tree-edit.js';
import { serverCommit } from './server-commit.js';

const ROOT_DIRECTORIES = ['project', 'doc', 'release', 'model', 'toolchains'];

const CEDAR_CONFIG = `${JSON.stringify({ version: 1, policies: '.cedar' }, null, 2)}\n`;
const BUCK_CONFIG = `[cells]
  root = .
  toolchains = toolchains

[project]
  ignore = .git
`;

/**
 * First commit of a new Mega server: its directories in configuration order, then its own files (§4.3: not in git order).
 * Returns the commit and what was written for it.
 */
export async function seedEmpty(
  store: ObjectStore,
  importDir: string,
): Promise<{ commit: string; written: readonly string[] }> {
  const editor = new TreeEditor(store);
  const directory = async (name: string): Promise<TreeItem> => {
    const keep = await editor.blob(`Placeholder file for /${name} directory`);
    const items = [{ mode: FILE, name: '.gitkeep' as TreeName, oid: keep }];
    return { mode: DIRECTORY, name: name as TreeName, oid: await editor.tree(items) };
  };
  const file = async (name: string, content: string): Promise<TreeItem> => ({
    mode: FILE,
    name: name as TreeName,
    oid: await editor.blob(content),
  });
  const items: TreeItem[] = [];
  for (const name of [importDir.slice(1), ...ROOT_DIRECTORIES]) items.push(await directory(name));
  items.push(await file('.mega_cedar.json', CEDAR_CONFIG));
  items.push(await directory('.cedar'));
  items.push(await file('.buckroot', ''));
  items.push(await file('.buckconfig', BUCK_CONFIG));
  const tree = await editor.tree(items);
  const commit = await serverCommit(store, tree, [], 'Init Mega Directory');
  return { commit, written: editor.written };
}
