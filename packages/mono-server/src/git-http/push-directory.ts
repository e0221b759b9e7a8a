import { randomUUID } from 'node:crypto';
import type { TreeName } from '@scorpiofs/objects';
import { firstLine, type Commit } from '../git/commit-object.js';
import { openChangeList } from '../cl/open.js';
import { advanceRoot } from '../mono/advance.js';
import { blockedByFile } from '../mono/blocked.js';
import type { Monorepo } from '../mono/monorepo.js';
import { pathParts, synthesizeRow } from '../mono/rows.js';
import { MAIN, ZERO_OID } from '../mono/state.js';
import { TreeEditor } from '../mono/tree-edit.js';
import { FILE } from '../tree/tree-body.js';
import { toText } from '../tree/byte-text.js';
import type { Push } from './push.js';
import { ZERO, type RefCommand } from './receive-commands.js';
import type { Outcome } from './report.js';

/** Only below it a first push makes the directory (§2.4). */
const BOOTSTRAP = '/project/';

/**
 * A push to a directory of the monorepo never moves `main`: it makes a change list, or updates the pusher's open one (M44, M45).
 * The branch name does not matter; at most one commit may be new; tags are refused, where the original breaks down.
 */
export async function pushToDirectory(
  mono: Monorepo,
  push: Push,
  commands: readonly RefCommand[],
): Promise<Outcome> {
  const outcome = new Map<string, string | undefined>();
  for (const { ref, newOid } of commands) {
    if (!ref.startsWith('refs/heads/'))
      outcome.set(ref, 'tags cannot be pushed to a directory of the monorepo');
    else if ((await push.quarantine.newCommits(newOid, push.known)) > 1)
      outcome.set(ref, 'only one new commit can be pushed; squash them');
    else if (await blockedByFile(mono, push.path)) outcome.set(ref, 'a file is in the way');
  }
  const failed = outcome.size > 0;
  const good = commands.filter(({ ref }) => !outcome.has(ref));
  if (good.length === 0 || (failed && push.capabilities.has('atomic'))) {
    for (const { ref } of good) outcome.set(ref, 'atomic transaction failed');
    return outcome;
  }
  const objects = await push.quarantine.objects();
  await push.quarantine.release();
  await mono.change(async () => {
    for (const command of good) {
      const commit = await mono.store.commit(command.newOid);
      if (commit === undefined) {
        outcome.set(command.ref, 'a branch must name a commit');
        continue;
      }
      await toChangeList(mono, push, command, commit);
      mono.arrivals.add(objects, commit);
      outcome.set(command.ref, undefined);
    }
  });
  return outcome;
}

async function toChangeList(
  mono: Monorepo,
  { path, user }: Push,
  { oldOid }: RefCommand,
  commit: Commit,
): Promise<void> {
  if (mono.state.rows[path]?.[MAIN] === undefined && !(await synthesizeRow(mono, path)))
    if (oldOid === ZERO && path.startsWith(BOOTSTRAP)) await bootstrap(mono, path);
  const main = mono.state.rows[path]?.[MAIN];
  const base = main === undefined ? ZERO_OID : await baseOf(mono, path, main, commit);
  openChangeList(mono, {
    dir: path,
    author: user,
    title: firstLine(commit.message),
    base,
    head: commit.oid,
    reuse: true,
    keepTitle: true,
  });
}

/** The commit of the directory's history from which the pushed one was made; the present head where it comes from elsewhere. */
async function baseOf(mono: Monorepo, path: string, main: string, commit: Commit): Promise<string> {
  for (const parent of commit.parents) {
    if (parent === main) return main;
    const earlier = Object.values(mono.state.cls).find(
      (cl) => cl.dir === path && cl.head === parent && cl.status !== 'Merged',
    );
    if (earlier !== undefined) return earlier.base;
    const { git, gitDir } = mono.store;
    const isOld = await git
      .run([`--git-dir=${gitDir}`, 'merge-base', '--is-ancestor', parent, main])
      .then(() => true)
      .catch(() => false);
    if (isOld) return parent;
  }
  return main;
}

/** Makes a new directory with a lone `.gitkeep` in `main`, so that the pushed tree has a place to be merged to (M59). */
async function bootstrap(mono: Monorepo, path: string): Promise<void> {
  const editor = new TreeEditor(mono.store);
  const oid = await editor.blob(`${randomUUID()}\n`);
  const tree = await editor.tree([{ mode: FILE, name: '.gitkeep' as TreeName, oid }]);
  const shown = toText(path);
  await advanceRoot(
    mono,
    `/${pathParts(path).join('/')}`,
    tree,
    `Initialize path ${shown} for project GitHub sync`,
    editor,
  );
  await synthesizeRow(mono, path);
}
