import { resolve } from 'node:path';
import { flagValue, type Invocation } from '../command/invocation.js';
import { explain } from '../command-error.js';
import { isUrl } from '../commands/repo-flag.js';
import type { ExitCode } from '../exit-codes.js';
import type { Log } from '../log/logger.js';
import { startLogging } from '../log/start-logging.js';
import { openConfig } from '../open-config.js';
import type { Output } from '../output.js';
import { StopSignals } from './stop-signals.js';

/** Runs the daemon until it ends. Its failures are log events, with the hint; where the filter drops them they are said plainly. */
export async function runServe(
  invocation: Invocation,
  loaded: (output: Output) => void = () => {},
): Promise<ExitCode> {
  let log: Log | undefined;
  using stop = new StopSignals(() => log);
  const given = flagValue(invocation, '--repo');
  // The embedded server runs elsewhere: it gets a path that does not depend on where we are.
  const repo = given === undefined || isUrl(given) ? given : resolve(given);
  const config = openConfig(invocation, { fileOptional: repo !== undefined });
  loaded(invocation.output);
  await using logging = startLogging(invocation, config);
  log = logging.for('scorpiofs::cli');
  try {
    // Loaded when the configuration is right: what is wrong with it is said three times as soon.
    const { serve } = await import('./daemon.js');
    return await serve({ config, repo, logging, stop });
  } catch (error) {
    const said = explain(error);
    if (!log.enabled('error') || said.stack !== undefined) throw error;
    log.error(said.message, { hint: said.hint });
    return said.exit;
  }
}
