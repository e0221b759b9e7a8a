export {
  Client,
  type Listed,
  type OpenDirectory,
  type OpenFile,
  type Path,
  type Times,
} from './client.js';
export { DirectClient, type DirectClientOptions } from './direct-client.js';
export { behaviour, runBehaviour, type Runner, type Subject } from './behaviour.js';
export { type Case, type CaseContext, type Cases } from './case.js';
export { MountedClient } from './mounted-client.js';
export { countingFs, type Calls } from './counting-fs.js';
export { endMount } from './end-mount.js';
export { holdings, leakCheck, type Holdings } from './leaks.js';
export { createMemoryFs } from './memory.js';
export { serveInChild, type Served, type ServeOptions } from './serve-in-child.js';
export { until } from './until.js';
export { canMount } from './can-mount.js';
export { NATIVE_SKIPS } from './native-skips.js';
export {
  buildPermissionTree,
  permissionDifferences,
  runPermissionTree,
} from './permission-matrix.js';
