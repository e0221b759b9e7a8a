import { spawn, type ChildProcess } from 'node:child_process';

/** Reads paths in `printf %b` form, one a line, has the kernel look each one up, and says so with an empty line. */
const LOOP = `while IFS= read -r line; do p=$(printf '%b.' "$line"); [ -L "\${p%.}" ]; echo; done`;
const LIMIT_MS = 2_000;

/**
 * Has the kernel look up paths, from a process of its own: a daemon that touches its own mount waits for itself. The process
 * starts when it is first needed. A path that takes longer than two seconds is left.
 */
export class PathToucher implements AsyncDisposable {
  #child: ChildProcess | undefined;
  readonly #waiting: (() => void)[] = [];
  #closed = false;

  /** `path`: absolute, one character per byte. Resolves in any case; whether there is such a path is not told. */
  async touch(path: string): Promise<void> {
    if (this.#closed) return;
    const child = (this.#child ??= this.#start());
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      timer = setTimeout(() => {
        // It hangs in the kernel, perhaps for ever: whoever comes next gets another one.
        child.kill('SIGKILL');
        resolve();
      }, LIMIT_MS);
      this.#waiting.push(resolve);
      child.stdin?.write(Buffer.from(`${escaped(path)}\n`, 'latin1'));
    });
    clearTimeout(timer);
  }

  async close(): Promise<void> {
    this.#closed = true;
    const child = this.#child;
    if (child === undefined) return;
    const ended = new Promise((resolve) => child.once('close', resolve));
    child.stdin?.end();
    child.kill();
    await ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #start(): ChildProcess {
    const child = spawn('/bin/sh', ['-c', LOOP], { cwd: '/', stdio: ['pipe', 'pipe', 'ignore'] });
    child.stdout.on('data', (bytes: Buffer) => {
      for (const byte of bytes) if (byte === 10) this.#waiting.shift()?.();
    });
    // A pipe that breaks is told by the end of the process.
    child.stdin.on('error', () => undefined);
    const ended = (): void => {
      if (this.#child !== child) return;
      this.#child = undefined;
      for (const resolve of this.#waiting.splice(0)) resolve();
    };
    child.once('error', ended).once('close', ended);
    return child;
  }
}

function escaped(path: string): string {
  return path.replace(/[\\\n]/g, (c) => (c === '\n' ? '\\0012' : '\\0134'));
}
