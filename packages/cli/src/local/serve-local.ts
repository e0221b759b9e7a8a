import { mount, type FileSystem, type MountOptions } from '@scorpiofs/fuse';
import { hasFlag, type Invocation } from '../command/invocation.js';
import { explain, withExit } from '../command-error.js';
import { StopSignals } from '../daemon/stop-signals.js';
import { fuseLog } from '../daemon/fuse-log.js';
import { EXIT, type ExitCode } from '../exit-codes.js';
import { startLogging } from '../log/start-logging.js';
import { openConfig } from '../open-config.js';
import { inBackground, reportFailure, reportMounted, startInBackground } from './background.js';

export interface Served extends Disposable {
  readonly fileSystem: FileSystem;
  /** Worth a warning before it is mounted. */
  readonly note?: string | undefined;
}

export interface LocalMount {
  readonly mountpoint: string;
  readonly options: MountOptions;
  /** Made in the process that serves, and disposed of after the mount. */
  readonly open: () => Served | Promise<Served>;
}

/**
 * Serves a file system of this host at a mount point: in the foreground with `-f`, else in a process of its own that has
 * mounted when this one returns. Ends at a signal, or when somebody unmounts.
 */
export async function serveLocal(invocation: Invocation, local: LocalMount): Promise<ExitCode> {
  const { env } = invocation;
  if (!hasFlag(invocation, '--foreground') && !inBackground(env)) {
    const warning = await startInBackground(env);
    if (warning !== undefined) invocation.output.err(`warning: ${warning}\n`);
    return EXIT.ok;
  }
  try {
    return await serveHere(invocation, local);
  } catch (error) {
    reportFailure(env, error, EXIT.mount);
    throw error;
  }
}

async function serveHere(invocation: Invocation, local: LocalMount): Promise<ExitCode> {
  await using logging = startLogging(invocation, openConfig(invocation, { fileOptional: true }));
  const log = logging.for('scorpiofs::server');
  using stop = new StopSignals(() => log);
  using served = await local.open();
  if (served.note !== undefined) log.warn(served.note);
  await using mounted = await withExit(EXIT.mount, () =>
    mount(served.fileSystem, local.mountpoint, { ...local.options, ...fuseLog(logging) }),
  );
  log.info('mounted', { mountpoint: mounted.mountpoint, transport: mounted.transport });
  reportMounted(invocation.env, served.note);
  await Promise.race([stop.wanted(), mounted.closed]);
  try {
    await mounted.unmount();
  } catch (error) {
    log.error('unmount failed', { reason: explain(error).message });
    return EXIT.mount;
  }
  return EXIT.ok;
}
