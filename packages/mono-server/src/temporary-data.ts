import { lstat, mkdtemp, readdir, readlink, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const PREFIX = 'scorpio-mono-';
const NAME = /^scorpio-mono-(\d+)\.(\d+)-/;

/**
 * A fresh directory for a server without a data directory of its own. Its name tells its owner: process number, and the
 * number space that counts in (containers may share a temporary directory).
 */
export async function makeTemporaryData(parent = tmpdir()): Promise<string> {
  return mkdtemp(join(parent, `${PREFIX}${process.pid}.${await pidSpace()}-`));
}

/** Removes what servers left that were killed. Only this user's, of this number space, whose process is gone. */
export async function sweepAbandonedData(parent = tmpdir()): Promise<void> {
  const space = await pidSpace();
  for (const name of await readdir(parent)) {
    const [, pid, of] = NAME.exec(name) ?? [];
    if (pid === undefined || of !== space || isAlive(Number(pid))) continue;
    const path = join(parent, name);
    try {
      const { uid } = await lstat(path);
      if (uid === process.getuid?.()) await rm(path, { recursive: true, force: true });
    } catch (error) {
      // Another server sweeps at the same time.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }
}

async function pidSpace(): Promise<string> {
  return /\d+/.exec(await readlink('/proc/self/ns/pid'))?.[0] ?? '0';
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}
