export type { Advertisement } from './advertisement.js';
export { MegaClientError } from './base-url.js';
export { changeListFiles, type ChangedFile } from './change-list-files.js';
export {
  changeListDetail,
  changeListUpdateStatus,
  type ChangeListDetail,
  type ChangeListUpdateStatus,
} from './change-list-state.js';
export type { KindStats, MegaStats, RequestKind } from './counters.js';
export { fetchChangeList, type FetchedChangeList } from './fetch-change-list.js';
export { gitTree, type GitEntry } from './git-tree.js';
export { latestCommit, type LatestCommit } from './latest-commit.js';
export { MegaClient, type MegaClientOptions } from './mega-client.js';
export { changeListHead, refs } from './refs.js';
export type { RetryPolicy } from './retry.js';
export { serverStatus } from './server-status.js';
export type { TimeLimits } from './time-limits.js';
export type { Wire, WireOptions } from './wire.js';
