import { ContentProcess } from './content-process.js';
import type { Git } from './git.js';

/**
 * A bounded number of `git cat-file` for streams that one reader has to itself, so that a slow reader holds up nobody else.
 * Who comes when all are taken waits in line.
 */
export class ContentPool {
  readonly #idle: ContentProcess[] = [];
  readonly #waiting: ((process: ContentProcess) => void)[] = [];
  readonly #make: () => ContentProcess;
  readonly #max: number;
  #count = 0;

  constructor(git: Git, gitDir: string, batchCommand: boolean, max: number) {
    this.#make = () => new ContentProcess(git, gitDir, batchCommand);
    this.#max = max;
  }

  async use<T>(task: (process: ContentProcess) => Promise<T>): Promise<T> {
    const process = await this.#take();
    try {
      return await task(process);
    } finally {
      // What a reader that went away left unread cannot be told from the next reader's answer.
      if (!process.idle) process.kill();
      process.resume();
      this.#give(process);
    }
  }

  #take(): Promise<ContentProcess> {
    const idle = this.#idle.pop();
    if (idle !== undefined) return Promise.resolve(idle);
    if (this.#count < this.#max) {
      this.#count += 1;
      return Promise.resolve(this.#make());
    }
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #give(process: ContentProcess): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#idle.push(process);
    else next(process);
  }
}
