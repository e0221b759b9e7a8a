export {
  Client,
  type Listed,
  type OpenDirectory,
  type OpenFile,
  type Path,
  type Times,
} from './client.js';
export { DirectClient, type DirectClientOptions } from './direct-client.js';
