import type { RequestOptions, Revision, TreeAnswer } from '@scorpiofs/objects';
import { broken } from './failures.js';
import { fileTree } from './file-tree.js';
import { latestCommit } from './latest-commit.js';
import type { Wire } from './wire.js';

/** `main` moves in steps of a merge; one that moves this often between two requests is something else. */
const ROUNDS = 5;

export interface PlainHead {
  readonly revision: Revision;
  /** The root directory, which the id is made from. */
  readonly root: TreeAnswer;
}

/**
 * Head of `main` with its root tree. They are two requests and not atomic, so: commit, tree, commit again, and once more
 * if it moved (mega: 4.5).
 */
export async function plainHead(wire: Wire, options: RequestOptions): Promise<PlainHead> {
  let { oid: commit } = await latestCommit(wire, '/', options);
  for (let round = 0; round < ROUNDS; round += 1) {
    const tree = await fileTree(wire, '/', undefined, options);
    if (!tree) throw broken('root directory', 'the server sends nothing');
    const { oid: after } = await latestCommit(wire, '/', options);
    if (after === commit) {
      const { entries, hash: oid } = tree;
      return {
        revision: { commit, tree: oid },
        root: { path: '/', oid, entries, verified: true, modesKnown: true },
      };
    }
    commit = after;
  }
  throw broken('head of main', `it moved ${ROUNDS} times while it was being read`);
}
