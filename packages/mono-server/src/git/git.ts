import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { localGitEnv } from './env.js';

export class GitFailure extends Error {
  override readonly name = 'GitFailure';

  constructor(
    readonly command: string,
    readonly exitCode: number | null,
    readonly stderr: string,
  ) {
    super(`git ${command} failed (${exitCode ?? 'killed'}): ${stderr.trim().slice(0, 500)}`);
  }
}

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly input?: string | Uint8Array;
  readonly signal?: AbortSignal;
  readonly onStderr?: (text: string) => void;
  /** Bytes of output to keep; more is a failure. Default 256 MiB. */
  readonly maxOutput?: number;
}

const MAX_STDERR = 16_384;

/**
 * Starts git processes and knows which of them live, so that closing the server leaves none behind.
 * Arguments go as an array; nothing passes through a shell.
 */
export class Git {
  readonly #children = new Set<ChildProcessWithoutNullStreams>();
  readonly #env: NodeJS.ProcessEnv;
  #closed = false;

  constructor(env: NodeJS.ProcessEnv = localGitEnv()) {
    this.#env = env;
  }

  get running(): number {
    return this.#children.size;
  }

  spawn(
    args: readonly string[],
    options: Pick<RunOptions, 'cwd' | 'env'> = {},
  ): ChildProcessWithoutNullStreams {
    if (this.#closed) throw new GitFailure(args[0] ?? '', null, 'the server is closing');
    const child = spawn('git', args, {
      cwd: options.cwd,
      env: options.env ?? this.#env,
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    this.#children.add(child);
    const gone = (): void => void this.#children.delete(child);
    child.once('close', gone);
    child.once('error', gone);
    // A child that ends early breaks its input pipe; how it ended says why.
    child.stdin.on('error', () => undefined);
    return child;
  }

  /** Runs to the end and returns the output; rejects with `GitFailure` on any exit code but 0. */
  async run(args: readonly string[], options: RunOptions = {}): Promise<Buffer> {
    const child = this.spawn(args, options);
    const out: Buffer[] = [];
    let size = 0;
    let stderr = '';
    const abort = (): void => void child.kill('SIGKILL');
    options.signal?.addEventListener('abort', abort, { once: true });
    const limit = options.maxOutput ?? 256 * 1024 * 1024;
    child.stdout.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > limit) abort();
      else out.push(chunk);
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr = (stderr + text).slice(-MAX_STDERR);
      options.onStderr?.(text);
    });
    try {
      child.stdin.end(options.input ?? '');
      const code = await new Promise<number | null>((resolve, reject) => {
        child.once('error', reject);
        child.once('close', resolve);
      });
      options.signal?.throwIfAborted();
      if (size > limit) throw new GitFailure(args.join(' '), code, 'too much output');
      if (code !== 0) throw new GitFailure(args.join(' '), code, stderr);
      return Buffer.concat(out);
    } finally {
      options.signal?.removeEventListener('abort', abort);
    }
  }

  async text(args: readonly string[], options: RunOptions = {}): Promise<string> {
    return (await this.run(args, options)).toString('utf8').trimEnd();
  }

  /** Kills what still runs and waits until it is gone. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all(
      [...this.#children].map(
        (child) =>
          new Promise<void>((resolve) => {
            child.once('close', () => resolve());
            child.once('error', () => resolve());
            child.kill('SIGKILL');
          }),
      ),
    );
  }
}
