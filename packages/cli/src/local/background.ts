import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, writeSync } from 'node:fs';
import type { Socket } from 'node:net';
import { CommandError, explain } from '../command-error.js';
import { EXIT, type ExitCode } from '../exit-codes.js';

/** Number of the descriptor over which a background process tells how its mount went. */
const REPORT_FD = 3;
const REPORT_VARIABLE = 'SCORPIO_BACKGROUND';

interface Report {
  readonly ok: boolean;
  readonly message?: string;
  readonly hint?: string;
  readonly exit?: ExitCode;
}

/** Whether this process is the one in the background. */
export function inBackground(env: Readonly<Record<string, string | undefined>>): boolean {
  return env[REPORT_VARIABLE] === '1';
}

/**
 * Runs the same command line again in a process of its own, without terminal, and resolves when that one has mounted. Its
 * failure becomes this process's: message, hint and exit code. What is worth a warning is returned.
 */
export async function startInBackground(
  env: Readonly<Record<string, string | undefined>>,
): Promise<string | undefined> {
  const child = spawn(process.execPath, [...process.execArgv, ...process.argv.slice(1)], {
    detached: true,
    stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
    env: { ...env, [REPORT_VARIABLE]: '1' },
  });
  const ended = once(child, 'exit').then(([code, signal]: (number | string | null)[]): Report => {
    const how = signal === null ? `exit code ${code}` : `signal ${signal}`;
    return { ok: false, message: `error: the background process ended with ${how}` };
  });
  const report = await readReport(child.stdio[REPORT_FD] as Socket, ended);
  if (!report.ok)
    throw new CommandError(
      'BACKGROUND',
      report.message ?? 'error: the background process failed',
      report.hint ?? 'Run it with -f to see what happens.',
      report.exit ?? EXIT.mount,
    );
  child.stdio[REPORT_FD]?.destroy();
  child.unref();
  return report.message;
}

/** The pipe ends with the process at the latest: what it has said is read first, however late this one gets to it. */
async function readReport(pipe: Socket, ended: Promise<Report>): Promise<Report> {
  let text = '';
  pipe.setEncoding('utf8');
  for await (const chunk of pipe) {
    text += String(chunk);
    if (text.endsWith('\n')) return JSON.parse(text) as Report;
  }
  return ended;
}

function send(report: Report): void {
  writeSync(REPORT_FD, `${JSON.stringify(report)}\n`);
  closeSync(REPORT_FD);
}

/** Tells the waiting process that the mount is there, and what is worth a warning: nobody sees it here. */
export function reportMounted(
  env: Readonly<Record<string, string | undefined>>,
  warning?: string,
): void {
  if (!inBackground(env)) return;
  send({ ok: true, ...(warning !== undefined && { message: warning }) });
  // The directory it was started in would stay busy.
  process.chdir('/');
}

/** Tells the waiting process why there is no mount. */
export function reportFailure(
  env: Readonly<Record<string, string | undefined>>,
  error: unknown,
  fallback: ExitCode,
): void {
  if (!inBackground(env)) return;
  const said = explain(error, fallback);
  send({
    ok: false,
    message: said.message,
    exit: said.exit,
    ...(said.hint && { hint: said.hint }),
  });
}
