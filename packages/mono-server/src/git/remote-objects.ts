import { setTimeout as sleep } from 'node:timers/promises';
import { HttpFailure } from '../http/failure.js';
import { remoteGitEnv } from './env.js';
import { GitFailure, type Git } from './git.js';
import type { MissingObjects } from './object-store.js';

const MAX_BATCH = 16_384;
/** Requests that come within this time share a fetch. */
const GATHER_MS = 3;
const MAX_ABSENT = 10_000;
const NOT_THERE = /not our ref ([0-9a-f]{40})/;

interface Waiting {
  readonly oids: readonly string[];
  resolve(): void;
  reject(error: Error): void;
}

/**
 * Brings blobs into a clone without blobs, many per fetch. Git itself would fetch them one by one as they are read; here reading goes
 * through another repository that borrows the clone's objects, where what is missing is simply missing.
 */
export class RemoteObjects implements MissingObjects {
  readonly #git: Git;
  /** The clone. */
  readonly #origin: string;
  /** The repository that everything is read from. */
  readonly #gitDir: string;
  #waiting: Waiting[] = [];
  #running = false;
  /** Ids that the remote does not have. */
  readonly #absent = new Set<string>();

  constructor(git: Git, origin: string, gitDir: string) {
    this.#git = git;
    this.#origin = origin;
    this.#gitDir = gitDir;
  }

  /** Resolves also where the remote does not have some of them; rejects with 503 when it cannot be reached. */
  fetch(oids: readonly string[]): Promise<void> {
    const wanted = oids.filter((oid) => !this.#absent.has(oid));
    if (wanted.length === 0) return Promise.resolve();
    return new Promise((resolve, reject) => {
      this.#waiting.push({ oids: wanted, resolve, reject });
      if (!this.#running) void this.#run();
    });
  }

  async complete(wants: readonly string[], haves: readonly string[]): Promise<void> {
    const input = [...wants, ...haves.map((oid) => `^${oid}`), ''].join('\n');
    const args = [
      `--git-dir=${this.#gitDir}`,
      'rev-list',
      '--objects',
      '--missing=print',
      '--stdin',
    ];
    const text = await this.#git.text(args, { input });
    const missing = text
      .split('\n')
      .flatMap((line) => (line.startsWith('?') ? line.slice(1, 41) : []));
    for (let at = 0; at < missing.length; at += MAX_BATCH)
      await this.fetch(missing.slice(at, at + MAX_BATCH));
  }

  async #run(): Promise<void> {
    this.#running = true;
    await sleep(GATHER_MS);
    while (this.#waiting.length > 0) {
      const taken = this.#take();
      try {
        await this.#fetchAll(new Set(taken.flatMap((one) => one.oids)));
        for (const one of taken) one.resolve();
      } catch (error) {
        const failure = error instanceof Error ? error : new Error(String(error));
        for (const one of taken) one.reject(failure);
      }
    }
    this.#running = false;
  }

  #take(): Waiting[] {
    let count = 0;
    let last = 0;
    while (last < this.#waiting.length && (last === 0 || count < MAX_BATCH))
      count += this.#waiting[last++]?.oids.length ?? 0;
    return this.#waiting.splice(0, last);
  }

  /** One fetch; again without what the remote says it does not have. */
  async #fetchAll(wanted: Set<string>): Promise<void> {
    while (wanted.size > 0) {
      try {
        await this.#git.run(
          [
            `--git-dir=${this.#origin}`,
            '-c',
            'fetch.negotiationAlgorithm=noop',
            'fetch',
            '--quiet',
            '--no-tags',
            '--no-write-fetch-head',
            '--recurse-submodules=no',
            '--filter=blob:none',
            '--stdin',
            'origin',
          ],
          { env: remoteGitEnv(), input: `${[...wanted].join('\n')}\n` },
        );
        return;
      } catch (error) {
        const absent = error instanceof GitFailure ? NOT_THERE.exec(error.stderr)?.[1] : undefined;
        if (absent === undefined || !wanted.delete(absent))
          throw new HttpFailure(
            503,
            'the repository that this server was cloned from does not answer',
          );
        if (this.#absent.size >= MAX_ABSENT) this.#absent.clear();
        this.#absent.add(absent);
      }
    }
  }
}
