export type { BaseStore, StoredTree } from './base-store.js';
export { DicfuseError } from './failure.js';
export { globMatcher } from './glob.js';
export type { MoveResult } from './move.js';
export type { BaseOptions } from './new-base.js';
export type { PrefetchOptions, PrefetchResult } from './prefetch.js';
export { RevisionBase, type RevisionBaseOptions } from './revision-base.js';
export type { DicfuseStats } from './stats.js';
export { View, type ViewOptions } from './view.js';
