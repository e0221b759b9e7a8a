import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { osReason, tomlError } from '@scorpiofs/config';
import { parse } from 'toml';
import { CommandError } from '../command-error.js';
import { EXIT } from '../exit-codes.js';

/**
 * Counts the workspaces in the state file `config_file`; they are kept as they are (a later version serves them). Throws `CommandError` for what is no
 * state file, which is left untouched (SRV-03).
 */
export function countWorks(path: string): number {
  const invalid = (reason: string): CommandError =>
    new CommandError(
      'STATE_FILE',
      `failed to load state file '${resolve(path)}': ${reason}`,
      'Correct the file, or move it away to begin with none; it was not changed.',
      EXIT.usage,
    );
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw invalid(osReason(error));
  }
  let content: unknown;
  try {
    content = parse(text);
  } catch (error) {
    const { line, column, reason } = tomlError(error, text);
    throw invalid(`TOML parse error at line ${line}, column ${column}: ${reason}`);
  }
  const works =
    typeof content === 'object' && content !== null && 'works' in content
      ? content.works
      : undefined;
  if (works === undefined) throw invalid('missing field `works`');
  if (!Array.isArray(works)) throw invalid('`works` is not an array of tables');
  for (const work of works) {
    const { path: name, node, hash } = work as Record<string, unknown>;
    if (
      typeof name !== 'string' ||
      typeof hash !== 'string' ||
      typeof node !== 'number' ||
      node < 0
    )
      throw invalid('a workspace needs `path`, `node` and `hash`');
  }
  return works.length;
}
