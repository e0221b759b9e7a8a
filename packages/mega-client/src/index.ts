export type { Advertisement } from './advertisement.js';
export { MegaClientError } from './base-url.js';
export { changeListFiles, type ChangedFile } from './change-list-files.js';
export {
  changeListDetail,
  changeListUpdateStatus,
  type ChangeListDetail,
  type ChangeListUpdateStatus,
} from './change-list-state.js';
export { changeLists, type ChangeListPage, type ListedChangeList } from './change-lists.js';
export type { KindStats, MegaStats, RequestKind } from './counters.js';
export { fetchChangeList, type FetchedChangeList } from './fetch-change-list.js';
export { gitTree, type GitEntry } from './git-tree.js';
export { lfsContent, lfsDownloads, type LfsDownload } from './lfs.js';
export { parseLfsPointer, type LfsPointer } from './lfs-pointer.js';
export { latestCommit, type LatestCommit } from './latest-commit.js';
export { MegaClient, type MegaClientOptions } from './mega-client.js';
export { changeListHead, refs } from './refs.js';
export type { RetryPolicy } from './retry.js';
export { serverStatus } from './server-status.js';
export type { TimeLimits } from './time-limits.js';
export type { Wire, WireOptions } from './wire.js';
