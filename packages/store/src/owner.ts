import { randomBytes } from 'node:crypto';
import { closeSync, openSync, readdirSync, renameSync, statSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { flock, LOCK } from '@scorpiofs/posix';

const NAME = /^[0-9a-f]{16}$/;

/**
 * This process (more exactly: this open store) among those that share a store. Each holds a lock on a file of its own for as
 * long as it lives, and the kernel lets go of it however it dies. A process id would not do: it is used again, and
 * means something else in another container.
 */
export class Owner {
  readonly name = randomBytes(8).toString('hex');
  readonly #directory: string;
  readonly #fd: number;

  constructor(directory: string) {
    this.#directory = directory;
    // Locked under another name and renamed then, so that nobody finds it unlocked and takes it for dead.
    const aside = join(directory, `new-${this.name}`);
    this.#fd = openSync(aside, 'wx', 0o600);
    flock(this.#fd, LOCK.EX | LOCK.NB);
    renameSync(aside, join(directory, this.name));
  }

  /** Whether the process with this name still has the store open. */
  isAlive(name: string): boolean {
    if (name === this.name) return true;
    if (!NAME.test(name)) return false;
    let fd;
    try {
      fd = openSync(join(this.#directory, name), 'r');
    } catch {
      return false;
    }
    try {
      return flock(fd, LOCK.EX | LOCK.NB) !== 0;
    } finally {
      closeSync(fd);
    }
  }

  /** Removes the lock files of the dead. */
  sweep(): void {
    for (const name of readdirSync(this.#directory)) {
      if (this.isAlive(name) || (name.startsWith('new-') && isYoung(join(this.#directory, name))))
        continue;
      unlinkQuietly(join(this.#directory, name));
    }
  }

  close(): void {
    unlinkQuietly(join(this.#directory, this.name));
    closeSync(this.#fd);
  }
}

/** One that is being made is renamed within microseconds; what a crash left of it is as old as the crash. */
function isYoung(path: string): boolean {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat === undefined || Date.now() - stat.mtimeMs < 60_000;
}

function unlinkQuietly(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // Somebody else was first.
  }
}
