import { spawn, type ChildProcess } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { until } from '@scorpiofs/fuse/testing';

const BINS = {
  scorpio: fileURLToPath(new URL('../../bin/scorpio.js', import.meta.url)),
  antares: fileURLToPath(new URL('../../../antares/bin/antares.js', import.meta.url)),
};

export interface ProgramOptions {
  readonly cwd: string;
  readonly env: Record<string, string>;
  /** A program that starts this one, with its arguments. */
  readonly wrap: readonly string[];
  readonly program?: keyof typeof BINS;
}

/** One run of `scorpio` or `antares`, as a shell would start it. */
export class Program {
  stdout = '';
  stderr = '';
  readonly #child: ChildProcess;
  readonly ended: Promise<number>;
  /** Ended, with everything that it had to say. */
  #closed = false;

  constructor(argv: readonly string[], options: ProgramOptions) {
    const bin = BINS[options.program ?? 'scorpio'];
    const [file = bin, ...rest] = [...options.wrap, process.execPath, bin, ...argv];
    this.#child = spawn(file, rest, {
      cwd: options.cwd,
      env: options.env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child.stdout?.on('data', (text) => (this.stdout += String(text)));
    this.#child.stderr?.on('data', (text) => (this.stderr += String(text)));
    this.ended = new Promise((resolve) =>
      this.#child.once('close', (code, signal) => {
        this.#closed = true;
        resolve(code ?? (signal === null ? -1 : -2));
      }),
    );
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Resolves with the match once one of its outputs has it. */
  async said(pattern: RegExp): Promise<RegExpExecArray> {
    const match = () => pattern.exec(this.stderr) ?? pattern.exec(this.stdout);
    await until(`it says ${String(pattern)}`, () => this.#closed || match() !== null);
    const found = match();
    if (found !== null) return found;
    throw new Error(`never said ${String(pattern)}; exit ${this.#child.exitCode}\n${this.stderr}`);
  }

  /** `http://…` of a daemon, once it runs. */
  async url(): Promise<string> {
    const [, address] = await this.said(/(?:server running|starting Antares daemon) on (\S+)/);
    return `http://${address}`;
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  async kill(): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null)
      this.#child.kill('SIGKILL');
    await this.ended;
  }

  /** Processes that this one has started and that still run. */
  children(): number[] {
    return childrenOf(this.pid);
  }
}

export function isRunning(pid: number): boolean {
  try {
    const state = readFileSync(`/proc/${pid}/stat`, 'latin1').replace(/^.*\) /, '')[0];
    return state !== 'Z' && state !== 'X';
  } catch {
    return false;
  }
}

function childrenOf(parent: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        return (
          readFileSync(`/proc/${pid}/stat`, 'latin1')
            .replace(/^.*\) /, '')
            .split(' ')[1] === String(parent)
        );
      } catch {
        return false;
      }
    });
}

/** Resolves once a process is gone. */
export async function gone(pid: number): Promise<void> {
  await until(`process ${pid} ends`, () => !isRunning(pid));
}
