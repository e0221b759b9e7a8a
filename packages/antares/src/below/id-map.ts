import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { open, writeFile, type FileHandle } from 'node:fs/promises';
import type { Owner } from './base-layer.js';

/**
 * A user namespace that shows what belongs to `from` as belonging to `to`, for a clone of a mount. A process has to be in one to make it; none is
 * needed to keep it.
 *
 * @throws where there is no program `unshare`, or the kernel allows no user namespaces
 */
export async function openIdMap(from: Owner, to: Owner): Promise<FileHandle> {
  const child = spawn('unshare', ['--user', '--', 'sh', '-c', 'echo in; read x'], {
    cwd: '/',
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const failed = new Promise<never>((_resolve, reject) => {
    child.once('error', reject);
    child.once('exit', () => reject(new Error('`unshare --user` made no user namespace')));
  });
  const ended = once(child, 'close');
  try {
    await Promise.race([once(child.stdout, 'data'), failed]);
    const at = `/proc/${child.pid}`;
    await writeFile(`${at}/uid_map`, `${from.uid} ${to.uid} 1\n`);
    await writeFile(`${at}/gid_map`, `${from.gid} ${to.gid} 1\n`);
    return await open(`${at}/ns/user`, 'r');
  } finally {
    failed.catch(() => undefined);
    child.stdin.destroy();
    child.kill('SIGKILL');
    await ended.catch(() => undefined);
  }
}
