import { firstLine, type Commit } from '../git/commit-object.js';
import type { Handler } from '../http/context.js';
import { HttpFailure } from '../http/failure.js';
import { query } from '../http/query.js';
import { sendJson } from '../http/reply.js';
import { lastChange } from '../mono/last-change.js';
import { startingCommit } from '../mono/starting-commit.js';
import { snapshotTree } from '../mono/snapshot.js';
import type { ServerContext } from '../server-context.js';
import { components } from '../tree/repo-path.js';

/** GET /latest-commit: the newest commit in which a path changed; bare, not enveloped (M14, M14b). */
export const getLatestCommit =
  ({ mono }: ServerContext): Handler =>
  async (c) => {
    const { path = '/', refs = '' } = query(c, 'path', 'refs');
    const place = mono.place(components(path));
    const start = await startingCommit(mono, place.importPath, refs);
    // The original passes the raw text on to the tree lookup, so that `main` ends in 500 (§1.4).
    if (place.importPath === undefined) await snapshotTree(mono, refs);
    const commit = await lastChange(mono.store, start, place.parts);
    if (commit === undefined) throw new HttpFailure(404, 'File not found');
    const pusher =
      place.importPath === undefined
        ? undefined
        : mono.importAt(place.importPath).pushers[commit.oid];
    return sendJson(c, 200, describe(commit, pusher));
  };

function describe(commit: Commit, pusher: string | undefined): object {
  return {
    oid: commit.oid,
    date: String(commit.committer.time),
    short_message: firstLine(commit.message),
    author: pusher ?? commit.author.name,
    committer: pusher ?? commit.committer.name,
    status: 'success',
  };
}
