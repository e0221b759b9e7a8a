import { firstLine, type Commit } from '../git/commit-object.js';
import type { Handler } from '../http/context.js';
import { query } from '../http/query.js';
import { sendData } from '../http/reply.js';
import { lastChange } from '../mono/last-change.js';
import { placeRoot } from '../mono/snapshot.js';
import { startingCommit } from '../mono/starting-commit.js';
import type { ServerContext } from '../server-context.js';
import { toText } from '../tree/byte-text.js';
import { components } from '../tree/repo-path.js';
import { isDirectory, SYMLINK, type TreeItem } from '../tree/tree-body.js';
import { byTypeAndName, contentType } from './listing.js';

/** GET /tree/commit-info: entries with a commit each; empty texts where none is recorded (§1.6). */
export const getCommitInfo =
  ({ mono }: ServerContext): Handler =>
  async (c) => {
    const { path = '/', refs = '' } = query(c, 'path', 'refs');
    const parts = components(path);
    const place = mono.place(parts);
    const root = await placeRoot(mono, parts, refs);
    const tree = root === undefined ? undefined : await mono.directory(root.tree, root.parts);
    const items = tree === undefined ? [] : await mono.store.entries(tree);
    const walks = place.importPath !== undefined || mono.borrowed;
    const start = walks
      ? await startingCommit(mono, place.importPath, place.importPath === undefined ? refs : '')
      : undefined;
    const commitOf = async (item: TreeItem): Promise<Commit | undefined> =>
      start === undefined
        ? recorded(item)
        : lastChange(mono.store, start, [...place.parts, item.name]);
    const recorded = (item: TreeItem): Commit | undefined =>
      item.mode === SYMLINK && !isDirectory(item) ? undefined : mono.arrivals.get(item.oid);
    const answer: object[] = [];
    for (const item of items.toSorted(byTypeAndName)) {
      const commit = await commitOf(item);
      answer.push({
        commit_id: commit?.oid ?? '',
        name: toText(item.name),
        content_type: contentType(item),
        commit_message: commit === undefined ? '' : firstLine(commit.message),
        date: commit === undefined ? '' : String(commit.committer.time),
      });
    }
    return sendData(c, answer);
  };
