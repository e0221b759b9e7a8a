import type { Config } from '@scorpiofs/config';
import { flagValue, type Invocation } from '../command/invocation.js';
import { chooseFilter } from './choose-filter.js';
import { Logging } from './logger.js';

/**
 * Starts the log of this process: filter by the documented precedence, colours only on a terminal, and what loading the configuration had to say (K-05).
 */
export function startLogging(invocation: Invocation, config: Config): Logging {
  const chosen = chooseFilter({
    flag: flagValue(invocation, '--log-level'),
    env: invocation.env,
    configured: config.values.log_level,
  });
  if (chosen.notice !== undefined) invocation.output.err(`${chosen.notice}\n`);
  const plain = invocation.env['NO_COLOR'] !== undefined && invocation.env['NO_COLOR'] !== '';
  const logging = new Logging({
    filter: chosen.filter,
    format: flagValue(invocation, '--log-format') === 'json' ? 'json' : 'text',
    colour: process.stderr.isTTY && !plain,
  });
  const log = logging.for('scorpiofs::util::config');
  for (const warning of config.warnings)
    if (warning.rule !== 'log-word')
      log.warn(warning.message, { key: warning.key, rule: warning.rule });
  return logging;
}
