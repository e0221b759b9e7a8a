import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import type { Git } from './git.js';

/** Receives the objects asked for, in order: `start`, then `data` as it comes, then `end`; or `missing`. */
export interface ContentSink {
  start(oid: string, type: string, size: number): void;
  data(chunk: Buffer): void;
  end(): void;
  missing(oid: string): void;
  fail(error: Error): void;
}

const NEWLINE = 10;

/**
 * One `git cat-file` that delivers contents. Objects are streamed, never gathered here, so their size does not
 * matter; `pause` stops reading from git, which then stops by itself.
 */
export class ContentProcess {
  readonly #git: Git;
  readonly #gitDir: string;
  readonly #batchCommand: boolean;
  #child: ChildProcessWithoutNullStreams | undefined;
  readonly #sinks: ContentSink[] = [];
  #header: Buffer[] = [];
  #left = -1;

  constructor(git: Git, gitDir: string, batchCommand: boolean) {
    this.#git = git;
    this.#gitDir = gitDir;
    this.#batchCommand = batchCommand;
  }

  get idle(): boolean {
    return this.#sinks.length === 0;
  }

  /** Asks for objects by checked ids; one sink per id, or the same for all. */
  request(oids: readonly string[], sink: (index: number) => ContentSink): void {
    if (oids.length === 0) return;
    this.#child ??= this.#start();
    oids.forEach((_, i) => this.#sinks.push(sink(i)));
    const prefix = this.#batchCommand ? 'contents ' : '';
    const text = `${prefix}${oids.join(`\n${prefix}`)}\n${this.#batchCommand ? 'flush\n' : ''}`;
    this.#child.stdin.write(text, 'latin1');
  }

  pause(): void {
    this.#child?.stdout.pause();
  }

  resume(): void {
    this.#child?.stdout.resume();
  }

  /** Ends the process; what was not delivered fails. */
  kill(): void {
    const child = this.#child;
    if (child === undefined) return;
    child.kill('SIGKILL');
    this.#gone(child);
  }

  #start(): ChildProcessWithoutNullStreams {
    const child = this.#git.spawn([
      `--git-dir=${this.#gitDir}`,
      'cat-file',
      ...(this.#batchCommand ? ['--batch-command', '--buffer'] : ['--batch']),
    ]);
    this.#header = [];
    this.#left = -1;
    child.stdout.on('data', (chunk: Buffer) => {
      if (this.#child === child) this.#feed(chunk);
    });
    child.stderr.resume();
    child.once('error', () => this.#gone(child));
    child.once('close', () => this.#gone(child));
    return child;
  }

  #gone(child: ChildProcessWithoutNullStreams): void {
    if (this.#child !== child) return;
    this.#child = undefined;
    for (const sink of this.#sinks.splice(0)) sink.fail(new Error('git cat-file ended early'));
  }

  /** States: `#left` < 0 reads a header line; 0 reads the newline after a body; above 0 reads a body. */
  #feed(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length) {
      const sink = this.#sinks[0];
      if (sink === undefined) return;
      if (this.#left > 0) {
        const take = Math.min(this.#left, chunk.length - at);
        sink.data(chunk.subarray(at, at + take));
        this.#left -= take;
        at += take;
        continue;
      }
      if (this.#left === 0) {
        at += 1;
        this.#left = -1;
        this.#sinks.shift();
        sink.end();
        continue;
      }
      const newline = chunk.indexOf(NEWLINE, at);
      if (newline < 0) {
        this.#header.push(chunk.subarray(at));
        return;
      }
      const tail = chunk.toString('latin1', at, newline);
      const line =
        this.#header.length === 0 ? tail : Buffer.concat(this.#header).toString('latin1') + tail;
      if (this.#header.length > 0) this.#header = [];
      at = newline + 1;
      const [oid = '', type = '', size] = line.split(' ');
      if (size === undefined) {
        this.#sinks.shift();
        sink.missing(oid);
      } else {
        this.#left = Number(size);
        sink.start(oid, type, this.#left);
      }
    }
  }
}
