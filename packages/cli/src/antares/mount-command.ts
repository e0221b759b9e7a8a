import { join } from 'node:path';
import type { CreateRequest } from '@scorpiofs/antares';
import type { Config } from '@scorpiofs/config';
import { flagValue, hasFlag, type Invocation } from '../command/invocation.js';
import { CommandError, explain } from '../command-error.js';
import { EXIT, type ExitCode } from '../exit-codes.js';
import { inBackground, startInBackground } from '../local/background.js';
import { openConfig } from '../open-config.js';
import { askDaemon, failureOf } from './ask-daemon.js';
import { checkJobId } from './job-id.js';
import { userOf } from './user-flags.js';

function requestOf(invocation: Invocation, config: Config): CreateRequest & { job_id: string } {
  const job_id = checkJobId(invocation.args[0] ?? '');
  const cl = flagValue(invocation, '--cl') ?? null;
  const user = userOf(invocation);
  // Nobody else gets below the mount root: the daemon has another place for a user's view.
  const mountpoint =
    user.uid === undefined ? join(config.values.antares_mount_root, job_id) : undefined;
  return { path: '/', job_id, cl, ...user, mountpoint };
}

export async function runMount(invocation: Invocation): Promise<ExitCode> {
  const { env, output } = invocation;
  const config = openConfig(invocation);
  const request = requestOf(invocation, config);
  // What serves views is loaded by the process that does.
  if (inBackground(env)) {
    const { serveInBackground } = await import('./serve-in-background.js');
    return await serveInBackground(invocation, config, request);
  }
  const progress = setTimeout(() => output.err('mounting…\n'), 1000);
  let mountpoint: string;
  try {
    mountpoint = (await viaDaemon(config, request)) ?? (await viaOwn(invocation, config, request));
  } catch (error) {
    const said = explain(error);
    throw new CommandError(
      'MOUNT',
      `failed to mount job ${request.job_id}: ${said.message}`,
      said.hint ?? 'Run `scorpio doctor`, which checks what this needs.',
      said.exit === EXIT.usage ? EXIT.usage : EXIT.mount,
      error,
    );
  } finally {
    clearTimeout(progress);
  }
  const { job_id } = request;
  if (hasFlag(invocation, '--json')) output.out(`${JSON.stringify({ job_id, mountpoint })}\n`);
  else output.out(`mounted job ${job_id} at ${mountpoint}\n`);
  return EXIT.ok;
}

/** Undefined: no daemon runs. */
async function viaDaemon(config: Config, body: CreateRequest): Promise<string | undefined> {
  const answer = await askDaemon(config, { method: 'POST', path: '/mounts', body });
  if (answer === undefined) return undefined;
  if (answer.status !== 200)
    throw new CommandError('MOUNT', failureOf(answer), 'See the log of the daemon.', EXIT.mount);
  return (JSON.parse(answer.text) as { mountpoint: string }).mountpoint;
}

/** Starts a daemon that ends with its last job, and waits until it has made this one. */
async function viaOwn(
  invocation: Invocation,
  config: Config,
  request: CreateRequest,
): Promise<string> {
  await startInBackground(invocation.env);
  if (typeof request.mountpoint === 'string') return request.mountpoint;
  // The same job again is the same view, and the answer says where.
  const mountpoint = await viaDaemon(config, request);
  if (mountpoint !== undefined) return mountpoint;
  throw new CommandError('MOUNT', 'the daemon ended', 'See its log.', EXIT.mount);
}
