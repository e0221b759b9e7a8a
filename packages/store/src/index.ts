export type { FsckReport } from './check/fsck.js';
export type { Counters } from './counters.js';
export type { Lease } from './disk/contents.js';
export { StoreError } from './errors.js';
export { Facts } from './meta/facts.js';
export type { TreeFacts } from './meta/tree-row.js';
export { SMALL, Store, type StoredTree, type StoreOptions } from './store.js';
