import { inspectRepository, type BorrowedRepository } from '../git/borrowed.js';
import { refsStamp } from '../git/refs-stamp.js';
import type { MonoServerEvent } from '../options.js';
import type { Monorepo } from './monorepo.js';
import { follow } from './open-monorepo.js';

export interface FollowerOptions {
  readonly mono: Monorepo;
  /** As they were when the monorepo was opened. */
  readonly repository: BorrowedRepository | undefined;
  readonly imports: ReadonlyMap<string, BorrowedRepository>;
  readonly onEvent: (event: MonoServerEvent) => void;
  /** Told at each question: for a clone, which does not move by itself. */
  readonly asked?: () => void;
}

/** A repository that changes faster than it can be looked at does not hold up an answer for ever. */
const MOST_ROUNDS = 3;

interface Watched {
  /** Absent for the root's. */
  readonly importPath?: string;
  repository: BorrowedRepository;
  stamp: string;
}

/**
 * Repositories that the server borrows go on being worked in. Before an answer about what is newest it looks whether they have
 * moved, so that whoever asks after a commit gets that commit.
 */
export class Follower {
  readonly #options: FollowerOptions;
  readonly #watched: readonly Watched[];
  #running: Promise<void> | undefined;

  constructor(options: FollowerOptions) {
    this.#options = options;
    const { repository, imports } = options;
    this.#watched = [
      ...(repository === undefined ? [] : [{ repository, stamp: repository.stamp }]),
      ...[...imports].map(([importPath, one]) => ({
        importPath,
        repository: one,
        stamp: one.stamp,
      })),
    ];
  }

  /** Never rejects: a repository that cannot be read at the moment is served as it was, and an event says so. */
  async check(): Promise<void> {
    this.#options.asked?.();
    for (let round = 0; round < MOST_ROUNDS; round++) {
      if (this.#running === undefined && this.#moved().length === 0) return;
      this.#running ??= this.#follow().finally(() => (this.#running = undefined));
      await this.#running;
    }
  }

  #moved(): Watched[] {
    return this.#watched.filter((one) => {
      const { gitDir, commonDir } = one.repository;
      return refsStamp(gitDir, commonDir) !== one.stamp;
    });
  }

  async #follow(): Promise<void> {
    const { mono, onEvent } = this.#options;
    const { git } = mono.store;
    try {
      for (const one of this.#moved()) {
        const { gitDir, commonDir, path } = one.repository;
        // Whatever comes of it, the same state is not looked at again.
        one.stamp = refsStamp(gitDir, commonDir);
        try {
          one.repository = await inspectRepository(git, path);
          one.stamp = one.repository.stamp;
        } catch (error) {
          onEvent({ level: 'warn', event: 'repository_unreadable', path, error: messageOf(error) });
        }
      }
      const root = this.#watched.find((one) => one.importPath === undefined)?.repository;
      const imports = new Map<string, BorrowedRepository>();
      for (const { importPath, repository } of this.#watched)
        if (importPath !== undefined) imports.set(importPath, repository);
      const before = mono.head;
      await mono.change(() => follow(mono, root, imports, onEvent));
      if (mono.head !== before)
        onEvent({ level: 'info', event: 'repository_followed', from: before, to: mono.head });
    } catch (error) {
      onEvent({ level: 'error', event: 'follow_failed', error: messageOf(error) });
    }
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
