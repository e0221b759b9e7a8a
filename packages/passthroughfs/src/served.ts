import type { PassthroughOptions } from './options.js';
import { PassthroughFs } from './passthrough-fs.js';

/** For tests, whose child processes want a function and arguments that are JSON. */
export function createPassthroughFs(path: string, options?: PassthroughOptions): PassthroughFs {
  return new PassthroughFs(path, options);
}
