import type { RepoPath, Source } from '@scorpiofs/objects';
import type { NodeId } from '@scorpiofs/fuse';
import type { BaseStore } from './base-store.js';
import { Capabilities } from './capabilities.js';
import { ContentAhead } from './contents/read-ahead.js';
import { Contents } from './contents/contents.js';
import type { Directory, Root } from './directory.js';
import { notPossible } from './failure.js';
import { nodeId } from './ids/node-id.js';
import { Places } from './ids/places.js';
import { Loaded } from './loaded.js';
import { Sizes } from './sizes.js';
import type { Base } from './state.js';
import { TreeAhead } from './trees/read-ahead.js';
import { Trees, type DroppedListener } from './trees/trees.js';

export interface BaseOptions {
  /** Where trees and contents come from. Not closed by the base. */
  readonly source: Source;
  /** Where they are kept. Not closed by the base. */
  readonly store: BaseStore;
  /**
   * Keeps the node numbers of this mount apart from those of others in the same store; the same name after a restart brings
   * the same numbers back. Two mounts at one time need two names. Default `main`.
   */
  readonly namespace?: string;
  /** Directory of the monorepo that is shown as the top. Default `/`. */
  readonly path?: RepoPath;
  /** Owner of everything. Default: this process's user and group. */
  readonly uid?: number;
  readonly gid?: number;
  /** False: contents (also targets of symlinks) are refused with EACCES and never fetched. Default true. */
  readonly readable?: boolean;
  /**
   * Needed below a kernel overlay: called before a file that is asked for by handle is told, with its path from the top of the
   * mount (one character per byte); must have the kernel look that path up, from another process (see `PathToucher`).
   */
  readonly reconnect?: (path: string) => Promise<void>;
  /** Told of names in a listing that no directory can show (`..`, a slash, one twice): they are left out. */
  readonly onDropped?: DroppedListener;
  /** Entries of listings kept in memory, about 120 bytes each. Default 200,000. */
  readonly maxLoadedEntries?: number;
}

export function newBase(options: BaseOptions, shape: Base['shape']): Base {
  const { source, store } = options;
  const path = normalised(options.path ?? '/');
  const prefix = `dicfuse/${encodeURIComponent(options.namespace ?? 'main')}${path}:`;
  const places = new Places(store, prefix);
  const capabilities = new Capabilities(source);
  const trees = new Trees(store, source, options.onDropped);
  const sizes = new Sizes(store, source, capabilities.now);
  const contents = new Contents(store, source);
  const roots = new Map<number, Root>();
  const directories = new Map<NodeId, Directory>();
  const directoryAt = (place: number): Directory | undefined => {
    for (const { index } of roots.values()) {
      const directory = directories.get(nodeId(index, place));
      if (directory !== undefined) return directory;
    }
    return undefined;
  };
  return {
    store,
    source,
    places,
    capabilities,
    trees,
    treeAhead: new TreeAhead(trees, capabilities.now, (listing) => sizes.ahead(listing)),
    sizes,
    contents,
    contentAhead: new ContentAhead(store, trees, sizes, contents, directoryAt),
    loaded: new Loaded(places, options.maxLoadedEntries),
    owner: {
      uid: options.uid ?? process.getuid?.() ?? 0,
      gid: options.gid ?? process.getgid?.() ?? 0,
    },
    readable: options.readable ?? true,
    shape,
    path,
    prefix,
    roots,
    directories,
    reconnect: options.reconnect,
    notify: undefined,
    rootsTime: Date.now(),
  };
}

export function closeBase(base: Base): void {
  base.trees.close();
  base.sizes.close();
  base.contents.close();
  base.notify = undefined;
}

function normalised(path: RepoPath): RepoPath {
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  if (parts.includes('..'))
    throw notPossible(
      `the path ${path} has ".." in it`,
      'Name the directory from the top, as /a/b.',
    );
  return `/${parts.join('/')}`;
}
