import { closeSync, fstatSync, utimesSync } from 'node:fs';
import { AT_FDCWD, errno, errnoName, flock, LOCK, O, openat } from '@scorpiofs/posix';
import { LRUCache } from 'lru-cache';
import { unreadable } from '../errors.js';
import { Turn } from '../turn.js';

/** Descriptors kept open for the next read. */
const MOST = 256;

export interface OpenFile {
  readonly path: string;
  readonly fd: number;
  readonly size: number;
}

interface Entry extends OpenFile {
  leases: number;
  kept: boolean;
}

/**
 * Descriptors of stored files, kept by use. The kernel keeps a file's bytes for whoever has it open, so a reader whose file
 * another process removes reads on undisturbed; a lease also keeps others from removing it (a shared lock, which
 * eviction asks for). Use is remembered here and written as the file's times now and then: no write for a read.
 */
export class OpenFiles {
  readonly #used = new Set<string>();
  readonly #leased = new Map<string, Entry>();
  readonly #kept = new LRUCache<string, Entry>({
    max: MOST,
    dispose: (entry) => {
      entry.kept = false;
      closeUnused(entry);
    },
  });

  /** Undefined: there is no such file. */
  get(path: string): OpenFile | undefined {
    return this.#get(path);
  }

  lease(path: string): { file: OpenFile; release: () => void } | undefined {
    const entry = this.#leased.get(path) ?? this.#get(path);
    if (entry === undefined) return undefined;
    if (entry.leases === 0) {
      // Only an eviction or check holds it exclusively, for a moment: then the file may be going.
      if (flock(entry.fd, LOCK.SH | LOCK.NB) !== 0) return undefined;
      this.#leased.set(path, entry);
    }
    entry.leases += 1;
    let held = true;
    const release = (): void => {
      if (!held) return;
      held = false;
      entry.leases -= 1;
      if (entry.leases > 0) return;
      this.#leased.delete(path);
      flock(entry.fd, LOCK.UN);
      closeUnused(entry);
    };
    return { file: entry, release };
  }

  isLeased(path: string): boolean {
    return this.#leased.has(path);
  }

  get leases(): number {
    return this.#leased.size;
  }

  /** Forgets a descriptor, so that the next reader looks again. */
  forget(path: string): void {
    this.#kept.delete(path);
  }

  /** Lets go of what others have removed: an open descriptor keeps its room on the disk taken. */
  forgetRemoved(): void {
    const kept = this.#kept.dump().map(([path, { value }]) => [path, value.fd] as const);
    for (const [path, fd] of kept) if (fstatSync(fd).nlink === 0) this.forget(path);
  }

  /** Writes down what was used since the last time, for eviction here and in other processes. */
  async noteUse(): Promise<void> {
    const seconds = Date.now() / 1000;
    const turn = new Turn();
    const used = [...this.#used];
    this.#used.clear();
    for (const path of used) {
      try {
        utimesSync(path, seconds, seconds);
      } catch {
        // Removed meanwhile.
      }
      await turn.pause();
    }
  }

  /** Descriptors that are leased are closed with their lease. */
  close(): void {
    this.#kept.clear();
  }

  #get(path: string): Entry | undefined {
    const known = this.#kept.get(path);
    if (known !== undefined) {
      this.#note(path);
      return known;
    }
    // Most misses end here: an exception for each would cost more than the call.
    const fd = openat(AT_FDCWD, Buffer.from(path), O.O_RDONLY);
    if (fd === -errno.ENOENT) return undefined;
    if (fd < 0) throw unreadable(path, new Error(errnoName(-fd)));
    const entry = { path, fd, size: fstatSync(fd).size, leases: 0, kept: true };
    this.#kept.set(path, entry);
    this.#note(path);
    return entry;
  }

  #note(path: string): void {
    this.#used.add(path);
  }
}

function closeUnused(entry: Entry): void {
  if (!entry.kept && entry.leases === 0) closeSync(entry.fd);
}
