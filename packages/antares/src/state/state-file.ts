import { mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { flockAsync, LOCK } from '@scorpiofs/posix';
import { isAlive, thisProcess, type Owner } from '../owner.js';
import { readState } from './read-state.js';
import type { JobRecord } from './record.js';
import { stateText } from './write-state.js';

/**
 * The records of all daemons that share one file. Every change is read, merge, write aside, sync, rename, under a lock beside it: a
 * crash leaves the old or the new content (S-03), and records of a living owner are never touched (D13).
 */
export class StateFile {
  readonly #owner = thisProcess();
  #last: Promise<unknown> = Promise.resolve();
  /** What the file was when this process wrote it last: as long as it is that, nobody else has written. */
  #known: { readonly version: string; readonly records: readonly JobRecord[] } | undefined;
  /** A save that has not begun: whoever comes meanwhile goes with it. */
  #next: { own: readonly Omit<JobRecord, 'owner'>[]; readonly saved: Promise<void> } | undefined;

  constructor(readonly path: string) {}

  /** Makes every record ours whose owner is gone, and returns those. Records of living owners stay. */
  async adopt(): Promise<JobRecord[]> {
    return await this.#exclusive(async (records) => {
      const free = records.filter((r) => r.owner === undefined || !isAlive(r.owner));
      const ours = free.map((r) => ({ ...r, owner: this.#owner }));
      const others = records.filter((r) => !free.includes(r));
      if (ours.length > 0) await this.#write([...others, ...ours]);
      return ours;
    });
  }

  /**
   * Replaces this process's records. Fifty jobs at once are a few writes: what is asked for while one runs is one more. `kept`: they are given up (no owner),
   * for the next start.
   */
  async save(own: readonly Omit<JobRecord, 'owner'>[], kept = false): Promise<void> {
    if (kept) {
      await this.#exclusive((records) => this.#replace(records, own, undefined));
      return;
    }
    if (this.#next === undefined) {
      const saved = this.#exclusive((records) => {
        const latest = this.#next?.own ?? own;
        this.#next = undefined;
        return this.#replace(records, latest, this.#owner);
      });
      this.#next = { own, saved };
      // A lock that cannot be had begins nothing.
      void saved.catch(() => (this.#next = undefined));
    } else this.#next.own = own;
    await this.#next.saved;
  }

  /** Drops one record, whoever wrote it. */
  async remove(mountId: string): Promise<void> {
    await this.#exclusive(async (records) => {
      await this.#write(records.filter((r) => r.mountId !== mountId));
    });
  }

  async read(): Promise<readonly JobRecord[]> {
    let text: string;
    try {
      const known = this.#known;
      if (known !== undefined && known.version === (await versionOf(this.path)))
        return known.records;
      text = await readFile(this.path, 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
      throw error;
    }
    return readState(text, this.path);
  }

  async #replace(
    records: readonly JobRecord[],
    own: readonly Omit<JobRecord, 'owner'>[],
    owner: Owner | undefined,
  ): Promise<void> {
    const mine = new Set(own.map((r) => r.mountId));
    const others = records.filter(
      (r) => r.owner !== undefined && !this.#isOurs(r) && !mine.has(r.mountId),
    );
    await this.#write([...others, ...own.map((r) => ({ ...r, owner }))]);
  }

  #isOurs({ owner }: JobRecord): boolean {
    return owner?.pid === this.#owner.pid && owner.start === this.#owner.start;
  }

  async #exclusive<T>(work: (records: readonly JobRecord[]) => Promise<T>): Promise<T> {
    const turn = this.#last.then(() => this.#locked(work));
    this.#last = turn.catch(() => undefined);
    return await turn;
  }

  async #locked<T>(work: (records: readonly JobRecord[]) => Promise<T>): Promise<T> {
    await mkdir(dirname(this.path), { recursive: true, mode: 0o700 });
    await using lock = await open(`${this.path}.lock`, 'a', 0o600);
    const r = await flockAsync(lock.fd, LOCK.EX);
    if (r < 0) throw new Error(`locking ${this.path}.lock failed: errno ${-r}`);
    return await work(await this.read());
  }

  async #write(records: readonly JobRecord[]): Promise<void> {
    const aside = `${this.path}.new`;
    try {
      // Under the lock: only a crash has left one, or somebody has planted one. Neither is written through.
      await rm(aside, { force: true });
      await this.#writeAside(aside, stateText(records));
      await rename(aside, this.path);
    } catch (error) {
      await rm(aside, { force: true }).catch(() => undefined);
      throw error;
    }
    await using directory = await open(dirname(this.path), 'r');
    await directory.sync();
    this.#known = { version: await versionOf(this.path), records };
  }

  async #writeAside(path: string, text: string): Promise<void> {
    await using file = await open(path, 'wx', 0o600);
    await file.writeFile(text);
    await file.sync();
  }
}

/** A file that was written anew, by whomever, has another one. */
async function versionOf(path: string): Promise<string> {
  const { ino, size, mtimeNs, ctimeNs } = await stat(path, { bigint: true });
  return `${ino} ${size} ${mtimeNs} ${ctimeNs}`;
}
