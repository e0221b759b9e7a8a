import type { Config } from '@scorpiofs/config';
import { hasFlag, type Invocation } from '../command/invocation.js';
import { CommandError, explain } from '../command-error.js';
import { EXIT, type ExitCode } from '../exit-codes.js';
import { openConfig } from '../open-config.js';
import { askDaemon, failureOf } from './ask-daemon.js';

export async function runUmount(invocation: Invocation): Promise<ExitCode> {
  const { output, args } = invocation;
  const job = args[0] ?? '';
  const config = openConfig(invocation);
  const purge = hasFlag(invocation, '--purge');
  try {
    // What serves views is loaded where this process has to do it.
    if (!(await viaDaemon(config, job, purge)))
      await (await import('./umount-offline.js')).umountOffline(config, job, purge);
  } catch (error) {
    if (error instanceof CommandError && error.code === 'NO_JOB') throw error;
    const said = explain(error);
    const hint = said.hint ?? 'The record was kept.';
    const message = `failed to unmount job ${job}: ${said.message}`;
    throw new CommandError('UMOUNT', message, hint, EXIT.mount, error);
  }
  if (hasFlag(invocation, '--json'))
    output.out(`${JSON.stringify({ job_id: job, state: 'Unmounted' })}\n`);
  else output.out(`unmounted job ${job}\n`);
  return EXIT.ok;
}

/** False: no daemon runs, or none that knows the job. */
async function viaDaemon(config: Config, job: string, purge: boolean): Promise<boolean> {
  if (job === '') return false;
  const path = `/mounts/by-job/${encodeURIComponent(job)}${purge ? '' : '?keep=true'}`;
  const answer = await askDaemon(config, { method: 'DELETE', path });
  if (answer === undefined || answer.status === 404) return false;
  const failed = (message: string) =>
    new CommandError('UMOUNT', message, 'The record was kept.', EXIT.mount);
  if (answer.status !== 200) throw failed(failureOf(answer));
  // A failure to unmount is told by the state (A-21, K-10).
  const { state } = JSON.parse(answer.text) as { state: string | { Failed: { reason: string } } };
  if (typeof state !== 'string') throw failed(state.Failed.reason);
  return true;
}
