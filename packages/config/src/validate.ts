import { ConfigError } from './config-error.js';
import { readConfigFile } from './config-file.js';
import { checkConfig } from './load.js';
import { describeOrigin, type Problem } from './problem.js';
import type { ConfigInput } from './sources.js';

/** What `config validate` says: what goes to standard output, what to standard error, and whether the file will do. */
export interface Validation {
  readonly ok: boolean;
  readonly problems: readonly Problem[];
  readonly warnings: readonly Problem[];
  readonly stdout: string;
  readonly stderr: string;
}

function entry(p: Problem): string {
  // Position or path is in the message already where there is no key.
  const from = p.key === '' ? '' : ` [${describeOrigin(p.origin)}]`;
  return `${p.message}${from}\n`;
}

function problemsOf(path: string, input: ConfigInput): readonly Problem[] {
  try {
    return checkConfig({ ...input, file: readConfigFile(path) }).problems;
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
}

/**
 * Checks a file together with environment and flags, exactly as a start would, and makes nothing on disk. `strict` counts warnings as problems.
 */
export function validateConfig(
  path: string,
  input: Omit<ConfigInput, 'file'>,
  options: { strict?: boolean } = {},
): Validation {
  const all = problemsOf(path, input);
  const counts = (p: Problem) => p.severity === 'error' || options.strict === true;
  const problems = all.filter(counts);
  const warnings = all.filter((p) => !counts(p));
  const said = warnings.map((p) => `warning: ${entry(p)}`).join('');
  if (problems.length === 0)
    return { ok: true, problems, warnings, stdout: `${path}: OK\n`, stderr: said };
  const list = problems.map((p) => `  - ${entry(p)}`).join('');
  const stderr = `${path}: ${problems.length} problem(s) found:\n${list}${said}`;
  return { ok: false, problems, warnings, stdout: '', stderr };
}
