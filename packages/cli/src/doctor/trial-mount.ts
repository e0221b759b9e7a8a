import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rmdir, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { osReason } from '@scorpiofs/config';
import type { Said } from '../command-error.js';
import { fail, ok, type Finding } from './check.js';
import { mountOn } from './mount-checks.js';

const MAIN = fileURLToPath(new URL('./trial-main.js', import.meta.url));
const LIMIT_MS = 15_000;
const TEXT = 'written through a trial mount\n';

type Answer = { readonly transport: string } | { readonly error: Said };

async function tryFiles(directory: string): Promise<void> {
  const file = join(directory, 'trial');
  await writeFile(file, TEXT);
  if ((await readFile(file, 'utf8')) !== TEXT)
    throw new Error('what was read is not what was written');
  await unlink(file);
}

/** Mounts, writes, reads and unmounts, as a daemon would (`--deep`). */
export async function trialMount(): Promise<Finding> {
  const name = 'trial mount';
  const directory = await mkdtemp(join(tmpdir(), 'scorpio-trial-'));
  const child = fork(MAIN, [], {
    cwd: '/',
    execArgv: [],
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
  // Killing the server ends whatever waits for its mount, so that nothing here waits for ever.
  const limit = setTimeout(() => child.kill('SIGKILL'), LIMIT_MS);
  const ended = once(child, 'exit');
  try {
    child.send(directory);
    const answer = await Promise.race([
      once(child, 'message').then(([m]) => m as Answer),
      ended.then((): Answer => ({ error: { message: 'the trial process ended', exit: 3 } })),
    ]);
    if ('error' in answer) return fail(name, answer.error.message, answer.error.hint);
    const start = performance.now();
    await tryFiles(directory);
    const ms = (performance.now() - start).toFixed(1);
    if (child.connected) child.disconnect();
    await ended;
    if ((await mountOn(directory)) !== undefined)
      return fail(name, `${directory} could not be unmounted`);
    return ok(
      name,
      `mounted, written, read (${ms} ms) and unmounted, transport ${answer.transport}`,
    );
  } catch (error) {
    return fail(name, `the mount does not work: ${osReason(error)}`);
  } finally {
    clearTimeout(limit);
    if (child.connected) child.disconnect();
    await ended;
    await rmdir(directory).catch(() => {});
  }
}
