import { MemoryFs, type MemoryFsOptions } from '../memory/memory-fs.js';

/** For `serveInChild`, which wants a function. */
export function createMemoryFs(options?: MemoryFsOptions): MemoryFs {
  return new MemoryFs(options);
}
