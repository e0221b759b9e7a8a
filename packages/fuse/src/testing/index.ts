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
