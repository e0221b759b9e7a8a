import {
  checkConfig,
  ConfigError,
  describeOrigin,
  type Config,
  type ConfigInput,
  type Problem,
} from '@scorpiofs/config';
import type { Invocation } from '../command/invocation.js';
import { configInput, flagKeys } from '../open-config.js';
import { fail, ok, warn, type Finding } from './check.js';

export interface CheckedConfig {
  /** With defaults in the place of what could not be read. */
  readonly config: Config;
  readonly finding: Finding;
}

function findingOf(where: string, problems: readonly Problem[]): Finding {
  const errors = problems.filter((p) => p.severity === 'error');
  const list = (some: readonly Problem[]) =>
    some
      .map((p) => `${p.message}${p.key === '' ? '' : ` [${describeOrigin(p.origin)}]`}`)
      .join('; ');
  if (errors.length > 0)
    return fail(
      'config',
      `${where}: ${list(errors)}`,
      'The checks below use defaults where a value cannot be read.',
    );
  return problems.length > 0 ? warn('config', `${where}: ${list(problems)}`) : ok('config', where);
}

/** Doctor works with a missing or broken configuration and reports it like everything else (K-23). */
export function configCheck(invocation: Invocation): CheckedConfig {
  let input: ConfigInput;
  try {
    input = configInput(invocation, { fileOptional: true });
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const { config } = checkConfig({ env: invocation.env, flags: flagKeys(invocation) });
    return { config, finding: findingOf('not read', error.problems) };
  }
  const { config, problems } = checkConfig(input);
  if (input.file === undefined && problems.length === 0) {
    const detail = 'no file found; defaults and variables are used';
    return { config, finding: warn('config', detail, 'Write one with `scorpio config init`.') };
  }
  return { config, finding: findingOf(input.file?.path ?? 'variables', problems) };
}
