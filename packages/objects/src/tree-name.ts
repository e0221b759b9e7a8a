import type { TreeName } from './name.js';

/** Why an entry is not shown (C10). A name that NUL ends in a binary tree cannot hold one; listings in JSON can. */
export type NameProblem = 'empty' | 'dot' | 'slash' | 'nul' | 'duplicate';

/** What is wrong with a single name from outside, seen alone; duplicates need its siblings. */
export function nameProblem(name: string): Exclude<NameProblem, 'duplicate'> | undefined {
  if (name === '') return 'empty';
  if (name === '.' || name === '..') return 'dot';
  if (name.includes('/')) return 'slash';
  return name.includes('\0') ? 'nul' : undefined;
}

/** Whether a name from outside can stand in a directory: not empty, not `.` or `..`, no slash, no NUL. */
export function isTreeName(name: string): name is TreeName {
  return nameProblem(name) === undefined;
}
