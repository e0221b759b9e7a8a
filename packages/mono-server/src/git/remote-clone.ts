import { existsSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { cloneFailed, dataDirInUse } from '../error.js';
import type { MonoServerEvent } from '../options.js';
import { remoteGitEnv } from './env.js';
import { GitFailure, type Git } from './git.js';

/** A URL, or the `host:path` of ssh; anything that exists here is a path. */
export function isRemote(repo: string): boolean {
  if (existsSync(repo)) return false;
  return (
    /^[a-z][a-z0-9+.-]*:\/\//i.test(repo) || /^(?:[^/:@\s]+@)?[^/:@\s]+:(?!\\)[^\s]/.test(repo)
  );
}

/** Without user name and password, for logs and messages. */
export function redactUrl(text: string): string {
  return text.replaceAll(/(\w:\/\/)[^/@\s]*@/g, '$1');
}

/**
 * A bare clone without blobs below the data directory: commits and trees only. One that an earlier run left is brought up to
 * date; when the remote cannot be reached then, it is served as it is and an event says so.
 */
export async function cloneWithoutBlobs(
  git: Git,
  url: string,
  dataDir: string,
  onEvent: (event: MonoServerEvent) => void,
): Promise<string> {
  const gitDir = join(dataDir, 'origin.git');
  const env = remoteGitEnv();
  const shown = redactUrl(url);
  if (existsSync(gitDir)) {
    const earlier = await git.text([`--git-dir=${gitDir}`, 'config', 'remote.origin.url']);
    if (earlier !== url) throw dataDirInUse(dataDir, `it holds a clone of ${redactUrl(earlier)}`);
    await refetch(git, gitDir, shown, onEvent);
    return gitDir;
  }
  // Renamed when it is complete: a clone that was cut off is not taken for one at the next start.
  const partial = join(dataDir, 'origin.partial');
  await rm(partial, { recursive: true, force: true });
  onEvent({ level: 'info', event: 'cloning', url: shown });
  const onStderr = (text: string): void =>
    onEvent({ level: 'info', event: 'clone_progress', text: redactUrl(text.trim()) });
  const args = ['clone', '--bare', '--filter=blob:none', '--progress', '--', url, partial];
  try {
    await git.run(args, { env, onStderr });
  } catch (error) {
    throw cloneFailed(shown, reason(error));
  }
  await rename(partial, gitDir);
  return gitDir;
}

async function refetch(
  git: Git,
  gitDir: string,
  shown: string,
  onEvent: (event: MonoServerEvent) => void,
): Promise<void> {
  const refspecs = ['+refs/heads/*:refs/heads/*', '+refs/tags/*:refs/tags/*'];
  const args = [`--git-dir=${gitDir}`, 'fetch', '--quiet', '--prune', '--filter=blob:none'];
  try {
    await git.run([...args, '--no-write-fetch-head', 'origin', ...refspecs], {
      env: remoteGitEnv(),
    });
  } catch (error) {
    onEvent({ level: 'warn', event: 'fetch_failed', url: shown, error: reason(error) });
  }
}

/**
 * A clone moves only when it fetches. While somebody asks what is newest it does so in the background, at most once in
 * `pauseMs`; the answer itself does not wait for the network.
 */
export function refetching(
  git: Git,
  gitDir: string,
  url: string,
  onEvent: (event: MonoServerEvent) => void,
  pauseMs = 60_000,
): () => void {
  let next = performance.now() + pauseMs;
  return () => {
    if (performance.now() < next) return;
    next = Infinity;
    void refetch(git, gitDir, redactUrl(url), onEvent).then(
      () => (next = performance.now() + pauseMs),
    );
  };
}

function reason(error: unknown): string {
  if (!(error instanceof GitFailure)) return String(error);
  const lines = error.stderr.split(/[\r\n]+/).filter((line) => /^(?:fatal|error|ERROR)/.test(line));
  return redactUrl(lines.at(-1) ?? error.stderr.trim().slice(-200));
}
