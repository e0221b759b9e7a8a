import { spawn } from 'node:child_process';
import { MegaClientError } from './base-url.js';
import { broken, quote } from './failures.js';

/** Enough for git's own words; the rest of a talkative failure is dropped. */
const ERROR_LIMIT = 8 * 1024;

export interface GitOptions {
  readonly signal?: AbortSignal | undefined;
  /** Configuration that must not be seen in the list of processes. */
  readonly secrets?: readonly (readonly [key: string, value: string])[];
  /** Bytes of output; more is an error. */
  readonly limit?: number;
}

/**
 * Runs `git` with nobody's configuration, no prompt and no helper, in a process group of its own that an abort ends as a
 * whole. Resolves with what it wrote.
 */
export async function git(args: readonly string[], options: GitOptions = {}): Promise<Buffer> {
  const { signal, secrets = [], limit = 64 * 1024 * 1024 } = options;
  signal?.throwIfAborted();
  const child = spawn('git', args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...environment(), ...configuration(secrets) },
    detached: true,
  });
  const kill = () => {
    // git's helper for HTTP is a child of it, and would go on.
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
  };
  const onAbort = () => {
    if (child.exitCode === null && child.signalCode === null) kill();
  };
  signal?.addEventListener('abort', onAbort, { once: true });
  const output: Buffer[] = [];
  let length = 0;
  let words = '';
  try {
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', resolve);
      child.stdout.on('data', (piece: Buffer) => {
        length += piece.length;
        if (length > limit) kill();
        else output.push(piece);
      });
      child.stderr.on('data', (piece: Buffer) => {
        if (words.length < ERROR_LIMIT) words += piece.toString();
      });
    });
    signal?.throwIfAborted();
    if (length > limit) throw broken(`git ${args.at(-1)}`, `more than ${limit} bytes of output`);
    if (code !== 0) throw broken('git', `it ended with ${code}: ${quote(words, 1000)}`);
    return Buffer.concat(output, length);
  } catch (error) {
    throw isAbsent(error) ? noGit() : error;
  } finally {
    signal?.removeEventListener('abort', onAbort);
  }
}

function environment(): NodeJS.ProcessEnv {
  const { PATH, HOME, TMPDIR, SSL_CERT_FILE, SSL_CERT_DIR } = process.env;
  return {
    PATH,
    HOME,
    TMPDIR,
    SSL_CERT_FILE,
    SSL_CERT_DIR,
    LC_ALL: 'C',
    GIT_TERMINAL_PROMPT: '0',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: '/dev/null',
  };
}

function configuration(secrets: NonNullable<GitOptions['secrets']>): Record<string, string> {
  const variables: Record<string, string> = {};
  for (const [index, [key, value]] of secrets.entries()) {
    variables[`GIT_CONFIG_KEY_${index}`] = key;
    variables[`GIT_CONFIG_VALUE_${index}`] = value;
  }
  return { ...variables, GIT_CONFIG_COUNT: String(secrets.length) };
}

function isAbsent(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}

function noGit(): MegaClientError {
  return new MegaClientError(
    'GIT_MISSING',
    'the program git was not found',
    'install git and see that it is in PATH',
  );
}
