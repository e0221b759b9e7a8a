import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { DaemonOrder } from './daemon-main.js';

const MAIN = fileURLToPath(new URL('../../dist/testing/daemon-main.js', import.meta.url));

export interface Daemon {
  readonly url: string;
  readonly child: ChildProcess;
  /** SIGTERM; the exit code. */
  stop(): Promise<number | null>;
  kill9(): Promise<void>;
  /** Resolves when the store has on disk what it was given. */
  flushed(): Promise<void>;
}

/** Runs a daemon. Rejects with what it said when it does not start. */
export async function startDaemon(order: DaemonOrder): Promise<Daemon> {
  const child = fork(MAIN, [JSON.stringify(order)], {
    cwd: '/',
    execArgv: ['--no-warnings'],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  let said = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (said += text));
  const exited = once(child, 'exit');
  const url = await Promise.race([
    once(child, 'message').then(([text]) => String(text)),
    exited.then(() => {
      throw new Error(`the daemon did not start: ${said}`);
    }),
  ]);
  const ended = async (): Promise<number | null> => {
    await exited;
    return child.exitCode;
  };
  return {
    url,
    child,
    stop: () => {
      child.kill('SIGTERM');
      return ended();
    },
    kill9: async () => {
      child.kill('SIGKILL');
      await ended();
    },
    flushed: async () => {
      const answer = once(child, 'message');
      child.send('flush');
      await answer;
    },
  };
}
