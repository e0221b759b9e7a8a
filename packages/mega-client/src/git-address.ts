import type { RepoPath } from '@scorpiofs/objects';
import { quote, refused } from './failures.js';

/**
 * Where git finds a directory (mega: 2.1), below the base address. The server neither decodes escapes nor keeps a `.git`
 * within a name, and makes rows for whatever it misunderstands: such directories are refused here (M46).
 */
export function gitPath(directory: RepoPath): string {
  if (directory === '/') return '/.git';
  const plain = /^(\/[A-Za-z0-9._~+@=,-]+)+$/.test(directory);
  if (!plain || directory.includes('.git') || directory.split('/').some(isDots))
    throw refused(`directory ${quote(directory)}`, 'the server cannot be asked for it over git');
  return `${directory}.git`;
}

function isDots(name: string): boolean {
  return name === '.' || name === '..';
}
