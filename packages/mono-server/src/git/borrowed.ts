import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { noCommits, notARepository, sha256Repository } from '../error.js';
import { GitFailure, type Git } from './git.js';
import { refsStamp } from './refs-stamp.js';

/** A repository on this machine that is read and never written. */
export interface BorrowedRepository {
  readonly path: string;
  readonly gitDir: string;
  /** Where branches and tags are; another one than `gitDir` in a linked worktree. */
  readonly commonDir: string;
  /** `refsStamp` from before it was looked at. */
  readonly stamp: string;
  readonly objectsDir: string;
  /** Commit at HEAD. */
  readonly head: string;
  /** Short name of the branch that HEAD is on; `main` when detached. */
  readonly branch: string;
  /** Branches and tags, by full name. */
  readonly refs: ReadonlyMap<string, string>;
  /** Commits whose parents are not there. */
  readonly shallow: readonly string[];
}

/**
 * Looks at a working tree, a bare repository or a linked worktree. Only `rev-parse`, `symbolic-ref` and `for-each-ref` run there,
 * with hooks and monitors switched off, so that nothing in its configuration is executed.
 */
export async function inspectRepository(git: Git, path: string): Promise<BorrowedRepository> {
  const at = resolve(path);
  const ask = (...args: string[]): Promise<string> => git.text(['-C', at, ...args]);
  let gitDir: string;
  let commonDir: string;
  let objects: string;
  try {
    gitDir = resolve(at, await ask('rev-parse', '--git-dir'));
    commonDir = resolve(at, await ask('rev-parse', '--git-common-dir'));
    objects = resolve(at, await ask('rev-parse', '--git-path', 'objects'));
  } catch (error) {
    throw notARepository(at, error instanceof GitFailure ? firstStderrLine(error) : String(error));
  }
  const stamp = refsStamp(gitDir, commonDir);
  const format = await ask('rev-parse', '--show-object-format').catch(() => 'sha1');
  if (format !== 'sha1') throw sha256Repository(at);
  let head: string;
  try {
    head = await ask('rev-parse', '--verify', '--quiet', '--end-of-options', 'HEAD^{commit}');
  } catch {
    throw noCommits(at);
  }
  const branch = await ask('symbolic-ref', '--short', '--quiet', 'HEAD').catch(() => 'main');
  const refs = new Map<string, string>();
  const lines = await ask(
    'for-each-ref',
    '--format=%(objectname) %(refname)',
    'refs/heads',
    'refs/tags',
  );
  for (const line of lines.split('\n')) {
    const space = line.indexOf(' ');
    if (space === 40) refs.set(line.slice(41), line.slice(0, 40));
  }
  const shallow = await readFile(join(commonDir, 'shallow'), 'utf8').catch(() => '');
  return {
    path: at,
    gitDir,
    commonDir,
    stamp,
    objectsDir: objects,
    head,
    branch,
    refs,
    shallow: shallow.split('\n').filter((line) => line.length === 40),
  };
}

function firstStderrLine(error: GitFailure): string {
  return error.stderr.trim().split('\n', 1)[0] ?? '';
}
