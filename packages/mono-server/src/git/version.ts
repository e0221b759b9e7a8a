import { gitMissing, MonoServerError } from '../error.js';
import type { Git } from './git.js';

/** Whether this git has `cat-file --batch-command` (2.36); refuses one that is too old to serve with. */
export async function supportsBatchCommand(git: Git): Promise<boolean> {
  let text: string;
  try {
    text = await git.text(['--version']);
  } catch (error) {
    throw gitMissing(error);
  }
  const [, major = '0', minor = '0'] = /(\d+)\.(\d+)/.exec(text) ?? [];
  const version = Number(major) * 1000 + Number(minor);
  if (version < 2029)
    throw new MonoServerError('MONO_OLD_GIT', `${text} is too old`, 'Install git 2.29 or newer.');
  return version >= 2036;
}
