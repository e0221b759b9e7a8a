import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { CommandError } from '../command-error.js';
import { EXIT } from '../exit-codes.js';
import type { EmbeddedAnswer, EmbeddedOptions } from './embedded-message.js';

export interface EmbeddedServer extends AsyncDisposable {
  readonly url: string;
  readonly pid: number;
  /** Resolves when its process has ended, whoever wanted that. */
  readonly ended: Promise<void>;
  close(): Promise<void>;
}

const MAIN = fileURLToPath(new URL('./embedded-main.js', import.meta.url));
/** A server that does not end by itself in this time is killed; its data is temporary or in git. */
const CLOSE_MS = 5000;

/** Starts a Mega-compatible server over a Git repository in a process of its own. Throws `CommandError`. */
export async function startEmbeddedServer(options: EmbeddedOptions): Promise<EmbeddedServer> {
  const child = fork(MAIN, [], {
    cwd: '/',
    // A group of its own, and nothing of ours to hold: neither terminal nor descriptors.
    detached: true,
    execArgv: [],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const failed = (message: string, hint: string) =>
    new CommandError('EMBEDDED_SERVER', message, hint, EXIT.usage);
  const answered = Promise.race([
    once(child, 'message').then(([message]) => message as EmbeddedAnswer),
    once(child, 'exit').then(([code, signal]) => {
      const how = String(signal ?? `exit code ${String(code)}`);
      throw failed(
        `the embedded server ended before it was ready (${how})`,
        'Run it alone to see why: scorpio mono --repo PATH',
      );
    }),
  ]);
  child.send(options);
  const answer = await answered;
  if ('error' in answer) {
    await ended;
    throw failed(answer.error.message, answer.error.hint);
  }
  const close = async (): Promise<void> => {
    if (child.connected) child.disconnect();
    const kill = setTimeout(() => child.kill('SIGKILL'), CLOSE_MS);
    await ended;
    clearTimeout(kill);
  };
  return { url: answer.url, pid: child.pid ?? 0, ended, close, [Symbol.asyncDispose]: close };
}
