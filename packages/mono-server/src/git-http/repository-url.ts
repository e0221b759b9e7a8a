import type { Ctx } from '../http/context.js';
import { rawPath } from '../http/raw-path.js';
import { joinPath } from '../tree/repo-path.js';
import type { TreeName } from '@scorpiofs/objects';

/**
 * The directory that a git URL names. As in the original every `.git` is cut out of the path, wherever it stands (M46), and nothing is
 * percent-decoded (§2.1).
 */
export function repositoryPath(c: Ctx, suffix: string): string {
  const path = rawPath(c).slice(0, -suffix.length).replaceAll('.git', '');
  return joinPath(path.split('/').filter((part) => part !== '' && part !== '.') as TreeName[]);
}
