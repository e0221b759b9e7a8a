import { mount } from '@scorpiofs/fuse';
import type { Invocation } from '../command/invocation.js';
import { explain, withExit } from '../command-error.js';
import { fuseLog } from '../daemon/fuse-log.js';
import { StopSignals } from '../daemon/stop-signals.js';
import { EXIT, type ExitCode } from '../exit-codes.js';
import { startLogging } from '../log/start-logging.js';
import { openConfig } from '../open-config.js';
import { reportMounted } from './background.js';
import type { LocalMount } from './serve-local.js';

/** Serves a file system in this process until a signal, or until somebody unmounts. */
export async function serveHere(invocation: Invocation, local: LocalMount): Promise<ExitCode> {
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
