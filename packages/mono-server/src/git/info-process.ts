import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import type { Git } from './git.js';

export interface ObjectInfo {
  readonly type: string;
  readonly size: number;
}

interface Query {
  readonly want: number;
  readonly found: (ObjectInfo | undefined)[];
  resolve(found: readonly (ObjectInfo | undefined)[]): void;
  reject(error: Error): void;
}

/**
 * One `git cat-file` that answers type and size of objects, many per write. It starts at the first question and,
 * should it die, fails what was asked of it and starts again at the next.
 */
export class InfoProcess {
  readonly #git: Git;
  readonly #gitDir: string;
  readonly #batchCommand: boolean;
  #child: ChildProcessWithoutNullStreams | undefined;
  readonly #queries: Query[] = [];
  #rest = '';

  constructor(git: Git, gitDir: string, batchCommand: boolean) {
    this.#git = git;
    this.#gitDir = gitDir;
    this.#batchCommand = batchCommand;
  }

  /** In the order asked; `undefined` where the object does not exist. The ids must have been checked. */
  query(oids: readonly string[]): Promise<readonly (ObjectInfo | undefined)[]> {
    if (oids.length === 0) return Promise.resolve([]);
    return new Promise((resolve, reject) => {
      this.#child ??= this.#start();
      this.#queries.push({ want: oids.length, found: [], resolve, reject });
      const prefix = this.#batchCommand ? 'info ' : '';
      const text = `${prefix}${oids.join(`\n${prefix}`)}\n${this.#batchCommand ? 'flush\n' : ''}`;
      this.#child.stdin.write(text, 'latin1');
    });
  }

  #start(): ChildProcessWithoutNullStreams {
    const format = '%(objecttype) %(objectsize)';
    const child = this.#git.spawn([
      `--git-dir=${this.#gitDir}`,
      'cat-file',
      ...(this.#batchCommand
        ? [`--batch-command=${format}`, '--buffer']
        : [`--batch-check=${format}`]),
    ]);
    child.stdout.setEncoding('latin1').on('data', (text: string) => this.#feed(text));
    child.stderr.resume();
    const gone = (): void => {
      if (this.#child !== child) return;
      this.#child = undefined;
      this.#rest = '';
      for (const query of this.#queries.splice(0))
        query.reject(new Error('git cat-file ended while it was asked'));
    };
    child.once('error', gone);
    child.once('close', gone);
    return child;
  }

  #feed(text: string): void {
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) {
      const query = this.#queries[0];
      if (query === undefined) return;
      const space = line.indexOf(' ');
      const second = line.slice(space + 1);
      query.found.push(
        second === 'missing' ? undefined : { type: line.slice(0, space), size: Number(second) },
      );
      if (query.found.length === query.want) {
        this.#queries.shift();
        query.resolve(query.found);
      }
    }
  }
}
