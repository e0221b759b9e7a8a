import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rename, rmdir, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { errorCode, osReason } from '@scorpiofs/config';
import { detachDeadMounts } from '@scorpiofs/fuse';
import type { Said } from '../command-error.js';
import { fail, ok, type Finding } from './check.js';
import { mountOn, OUR_TYPE, TRIAL_PREFIX } from './own-mounts.js';

const MAIN = fileURLToPath(new URL('./trial-main.js', import.meta.url));
const LIMIT_MS = 15_000;
const TEXT = 'written through a trial mount\n';

type Answer = { readonly transport: string } | { readonly error: Said };

export interface TrialOptions {
  /** Milliseconds until the serving process is killed. Default 15 s. */
  readonly limitMs?: number;
  /** The serving process's program. */
  readonly main?: string;
  /** Where the folder of the mount is made. Default: the folder for temporary files. */
  readonly parent?: string;
}

async function tryFiles(directory: string): Promise<void> {
  const written = join(directory, 'written');
  const renamed = join(directory, 'renamed');
  await writeFile(written, TEXT);
  await rename(written, renamed);
  if ((await readFile(renamed, 'utf8')) !== TEXT)
    throw new Error('what was read is not what was written');
  await unlink(renamed);
}

/** Mounts, writes, renames, reads and unmounts, as a daemon would (`--deep`). Ends soon after its limit, and leaves nothing. */
export async function trialMount(options: TrialOptions = {}): Promise<Finding> {
  const { limitMs = LIMIT_MS, main = MAIN, parent = tmpdir() } = options;
  const name = 'trial mount';
  let directory = '';
  try {
    directory = await mkdtemp(join(parent, TRIAL_PREFIX));
  } catch (error) {
    return fail(name, `no folder can be made in ${parent}: ${osReason(error)}`, 'Set TMPDIR.');
  }
  const child = fork(main, [], {
    cwd: '/',
    execArgv: [],
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
  let late = false;
  // Killing the server ends whatever waits for its mount, so that nothing here waits for ever.
  const limit = setTimeout(() => {
    late = true;
    child.kill('SIGKILL');
  }, limitMs);
  const ended = once(child, 'exit');
  const lateness = () => fail(name, `it did not end within ${limitMs} ms and was killed`);
  try {
    // Fails where the process is gone already, which `ended` tells better.
    child.send(directory, () => {});
    const answer = await Promise.race([
      once(child, 'message').then(([m]) => m as Answer),
      ended.then((): Answer => ({ error: { message: 'the trial process ended', exit: 3 } })),
    ]);
    if (late) return lateness();
    if ('error' in answer) return fail(name, answer.error.message, answer.error.hint);
    const start = performance.now();
    await tryFiles(directory);
    const ms = (performance.now() - start).toFixed(1);
    if (child.connected) child.disconnect();
    await ended;
    if (late) return lateness();
    if ((await mountOn(directory)) !== undefined)
      return fail(name, `${directory} could not be unmounted`);
    return ok(
      name,
      `mounted, written, renamed, read (${ms} ms) and unmounted, transport ${answer.transport}`,
    );
  } catch (error) {
    if (late) return lateness();
    const reason = errorCode(error) === undefined ? String(error) : osReason(error);
    return fail(name, `the mount does not work: ${reason}`);
  } finally {
    if (child.connected) child.disconnect();
    await ended;
    clearTimeout(limit);
    // Only a server that was killed leaves its mount.
    if ((await mountOn(directory)) !== undefined)
      await detachDeadMounts(directory, { types: [OUR_TYPE] });
    await rmdir(directory).catch(() => {});
  }
}
