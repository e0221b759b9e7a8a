import type { Name } from '@scorpiofs/fuse';

import { failure } from './fail.js';

/**
 * A name must be one name: with a slash it would be a path, in which symlinks are followed and `..` leads out of the
 * source. The kernel sends none of these; others that call a file system may.
 */
export function checkName(name: Name): void {
  if (name === '') throw failure('ENOENT');
  if (name.includes('/') || name.includes('\0')) throw failure('EINVAL');
}

/** For names that are to be made, removed or moved. */
export function checkNewName(name: Name): void {
  checkName(name);
  if (name === '.' || name === '..') throw failure('EINVAL');
}
