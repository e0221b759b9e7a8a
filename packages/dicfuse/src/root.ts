import type { Name } from '@scorpiofs/fuse';
import type { Oid, RepoPath, Revision } from '@scorpiofs/objects';
import type { Directory, Root } from './directory.js';
import { nodeId, TOP_PLACE } from './ids/node-id.js';

const NO_NAME = '' as Name;

/** `index`: 0 for a base that shows one revision. */
export class PinnedRoot implements Root {
  readonly top: Directory;

  constructor(
    readonly index: number,
    public revision: Revision,
    readonly path: RepoPath,
    oid: Oid | '',
  ) {
    this.top = {
      node: nodeId(index, TOP_PLACE),
      place: TOP_PLACE,
      root: this,
      parent: undefined,
      name: NO_NAME,
      submodule: false,
      oid,
      time: 0,
      tree: undefined,
      shown: false,
      lookups: 0,
      kids: 0,
      used: 0,
      moves: 0,
      before: undefined,
    };
  }
}
