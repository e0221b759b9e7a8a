import { flagValue, type Invocation } from '../command/invocation.js';
import { explain } from '../command-error.js';
import { StopSignals } from '../daemon/stop-signals.js';
import type { ExitCode } from '../exit-codes.js';
import type { Log } from '../log/logger.js';
import { startLogging } from '../log/start-logging.js';
import { openConfig } from '../open-config.js';
import { antaresDaemon, bindAddress } from './antares-daemon.js';

export async function runAntaresServe(invocation: Invocation): Promise<ExitCode> {
  let log: Log | undefined;
  using stop = new StopSignals(() => log);
  const given = flagValue(invocation, '--bind');
  const flag = given === undefined ? undefined : bindAddress(given);
  const config = openConfig(invocation);
  const address = flag ?? bindAddress(config.values.antares_http_addr);
  await using logging = startLogging(invocation, config);
  log = logging.for('scorpiofs::cli');
  try {
    return await antaresDaemon({ config, logging, stop, address });
  } catch (error) {
    const said = explain(error);
    if (!log.enabled('error') || said.stack !== undefined) throw error;
    log.error(said.message, { hint: said.hint });
    return said.exit;
  }
}
