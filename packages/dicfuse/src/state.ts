import type { NodeId, Notifier } from '@scorpiofs/fuse';
import type { RepoPath, Source } from '@scorpiofs/objects';
import type { Owner } from './attributes.js';
import type { BaseStore } from './base-store.js';
import type { Capabilities } from './capabilities.js';
import type { ContentAhead } from './contents/read-ahead.js';
import type { Contents } from './contents/contents.js';
import type { Directory, Root } from './directory.js';
import type { Places } from './ids/places.js';
import type { Loaded } from './loaded.js';
import type { Sizes } from './sizes.js';
import type { TreeAhead } from './trees/read-ahead.js';
import type { Trees } from './trees/trees.js';

/** What one base holds; the operations take it as their first argument. */
export interface Base {
  readonly store: BaseStore;
  readonly source: Source;
  readonly places: Places;
  readonly trees: Trees;
  readonly treeAhead: TreeAhead;
  readonly sizes: Sizes;
  readonly contents: Contents;
  readonly contentAhead: ContentAhead;
  readonly loaded: Loaded;
  readonly owner: Owner;
  readonly readable: boolean;
  /** Shows one revision at its top (root 0), or every revision below its commit id. */
  readonly shape: 'single' | 'revisions';
  readonly path: RepoPath;
  /** Of its facts in the store. */
  readonly prefix: string;
  readonly roots: Map<number, Root>;
  /** By node. */
  readonly directories: Map<NodeId, Directory>;
  readonly capabilities: Capabilities;
  /** See `BaseOptions`. */
  readonly reconnect: ((path: string) => Promise<void>) | undefined;
  notify: Notifier | undefined;
  /** For the time of the top that lists the revisions: changes when one is added. */
  rootsTime: number;
}
