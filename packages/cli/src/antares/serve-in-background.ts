import { AntaresError, type CreateRequest } from '@scorpiofs/antares';
import type { Config } from '@scorpiofs/config';
import type { Invocation } from '../command/invocation.js';
import { CommandError } from '../command-error.js';
import { StopSignals } from '../daemon/stop-signals.js';
import { EXIT, type ExitCode } from '../exit-codes.js';
import { reportFailure, reportMounted } from '../local/background.js';
import { startLogging } from '../log/start-logging.js';
import { antaresDaemon } from './antares-daemon.js';

/** The daemon of one `mount` for which none ran: it ends with its last job. */
export async function serveInBackground(
  invocation: Invocation,
  config: Config,
  request: CreateRequest,
): Promise<ExitCode> {
  const { env } = invocation;
  try {
    await using logging = startLogging(invocation, config);
    using stop = new StopSignals(() => logging.for('scorpiofs::cli'));
    return await antaresDaemon({
      config,
      logging,
      stop,
      address: undefined,
      ready: async ({ antares }) => {
        await antares.create(request);
        reportMounted(env);
      },
    });
  } catch (error) {
    const wrapped =
      error instanceof AntaresError
        ? new CommandError(error.code, error.message, error.hint, EXIT.mount, error)
        : error;
    reportFailure(env, wrapped, EXIT.mount);
    throw wrapped;
  }
}
