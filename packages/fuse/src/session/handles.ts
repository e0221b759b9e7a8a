import type { Handle } from '../filesystem.js';
import { getU64, type At } from '../protocol/layout.js';

/** A handle that the file system gave earlier. */
export function handleAt(b: Buffer, at: number, field: At<'u64'>): Handle {
  return getU64(b, at, field) as Handle;
}
