import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { CommandError } from '../command-error.js';
import { EXIT, type ExitCode } from '../exit-codes.js';

/** A `scorpio serve` of our own, in another process: who serves a mount must not walk it. */
export interface DaemonProcess {
  /** Base URL of its HTTP server. */
  readonly url: string;
  readonly mountpoint: string;
  readonly revision: string;
  readonly pid: number;
  /** Resolves with the exit code when it has ended. */
  readonly ended: Promise<number>;
  /** Asks it to end; resolves with the exit code. */
  stop(): Promise<number>;
}

interface Line {
  readonly level: string;
  readonly message: string;
  readonly [field: string]: unknown;
}

function parseLine(text: string): Line | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && 'message' in value
      ? (value as Line)
      : undefined;
  } catch {
    return undefined;
  }
}

/** What a daemon that did not come up has said, as an error of this command with the same exit code. */
function failure(said: readonly string[], errors: readonly Line[], code: number): CommandError {
  const error = errors.at(-1);
  const message = error?.message ?? (said.join('\n') || `the daemon ended with exit code ${code}`);
  const hint = typeof error?.['hint'] === 'string' ? error['hint'] : '';
  const exits: readonly number[] = Object.values(EXIT);
  const exit = exits.includes(code) && code !== 0 ? (code as ExitCode) : EXIT.other;
  return new CommandError('DEMO', message, hint, exit);
}

async function exitOf(child: ChildProcess): Promise<number> {
  const [code] = (await once(child, 'exit')) as [number | null];
  return code ?? EXIT.other;
}

/** Starts it and waits until its mount answers. `remark` gets what it warns about. Throws `CommandError`. */
export async function startDaemon(
  program: string,
  argv: readonly string[],
  env: NodeJS.ProcessEnv,
  remark: (text: string) => void,
): Promise<DaemonProcess> {
  const child = spawn(process.execPath, [program, ...argv, '--log-format', 'json'], {
    env,
    // Ctrl-C is for us; we end it in order.
    detached: true,
    // Through the channel it notices when we die, however.
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  const { stderr } = child;
  if (stderr === null) throw new Error('the daemon has no standard error');
  const ended = exitOf(child);
  const said: string[] = [];
  const errors: Line[] = [];
  let mounted: Line | undefined;
  const ready = new Promise<{ address: string; mounted: Line }>((resolve) => {
    createInterface({ input: stderr }).on('line', (text) => {
      const line = parseLine(text);
      if (line === undefined) said.push(text);
      else if (line.level === 'error') errors.push(line);
      else if (line.message === 'workspace mounted') mounted = line;
      if (line?.level === 'warn') remark(line.message);
      const address = /^server running on (.+)$/.exec(line?.message ?? '')?.[1];
      if (address !== undefined && mounted !== undefined) resolve({ address, mounted });
    });
  });
  const up = await Promise.race([ready, ended]);
  if (typeof up === 'number') throw failure(said, errors, up);
  return {
    url: `http://${up.address}`,
    mountpoint: String(up.mounted['mountpoint']),
    revision: String(up.mounted['revision']),
    pid: child.pid ?? 0,
    ended,
    stop: async () => {
      child.kill('SIGTERM');
      return ended;
    },
  };
}
