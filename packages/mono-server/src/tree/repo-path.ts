import type { TreeName } from '@scorpiofs/objects';
import { toBytes } from './byte-text.js';

/**
 * Components of a path of the REST API (mega-server §1.4): a leading slash is optional; a trailing one, `//` and `.` are
 * neutral; `..` is looked up literally and so never matches.
 */
export function components(path: string): TreeName[] {
  return toBytes(path)
    .split('/')
    .filter((part) => part !== '' && part !== '.') as TreeName[];
}

export function joinPath(parts: readonly TreeName[]): string {
  return `/${parts.join('/')}`;
}
