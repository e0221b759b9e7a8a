import { statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { CommandError } from '../command-error.js';
import { flagValue, type Invocation } from '../command/invocation.js';
import { EXIT } from '../exit-codes.js';
import { nested } from './inside.js';
import { splitEscaped, type OptionList } from './option-list.js';

/** Directories of an overlay, absolute. */
export interface LayerDirectories {
  /** Topmost first. */
  readonly lowers: readonly string[];
  readonly upper: string | undefined;
  readonly work: string | undefined;
}

function usage(code: string, message: string, hint: string): CommandError {
  return new CommandError(code, `error: ${message}`, hint, EXIT.usage);
}

/** Reads `--lower`, `--upper` and `--work`, or `lowerdir=`, `upperdir=` and `workdir=` of `-o`; a flag counts before an option. */
export function layerDirectories(invocation: Invocation, options: OptionList): LayerDirectories {
  const lower = flagValue(invocation, '--lower') ?? options.get('lowerdir');
  const upperName = flagValue(invocation, '--upper') ?? options.get('upperdir');
  const workName = flagValue(invocation, '--work') ?? options.get('workdir');
  const lowers = (lower === undefined ? [] : splitEscaped(lower, ':')).map((path) => {
    if (path === '') throw usage('USAGE', 'an empty lower directory', 'Write --lower A:B:C.');
    return resolve(path);
  });
  if (upperName === undefined) {
    if (lowers.length === 0)
      throw usage(
        'USAGE',
        'an overlay needs at least one layer',
        'Name the lower directories with --lower A[:B…], and what takes the changes with --upper.',
      );
    if (workName !== undefined)
      throw usage('USAGE', 'a work directory without an upper', 'Name the upper with --upper.');
    return { lowers, upper: undefined, work: undefined };
  }
  const upper = resolve(upperName);
  // Beside the upper: on its file system, and outside what is shown.
  const work =
    workName === undefined ? join(dirname(upper), `.${basename(upper)}.work`) : resolve(workName);
  return { lowers, upper, work };
}

/** What cannot work, said before anything is made, opened or mounted. */
export function checkLayers({ lowers, upper, work }: LayerDirectories): void {
  for (const [i, path] of lowers.entries()) mustBeDirectory(`lower ${i + 1}`, path);
  if (upper === undefined || work === undefined) return;
  mustBeDirectory('upper', upper);
  for (const [i, path] of lowers.entries()) mustLieApart(upper, `lower ${i + 1}`, path);
  mustLieApart(upper, 'work directory', work);
}

/** The work directory must exist by now: only now is known where it leads. */
export function checkWork({ upper, work }: LayerDirectories): void {
  if (upper === undefined || work === undefined) return;
  mustLieApart(upper, 'work directory', work);
  if (statSync(upper).dev !== statSync(work).dev)
    throw usage(
      'OTHER_FILE_SYSTEM',
      `the upper ${upper} and the work directory ${work} are on different file systems`,
      'Name a work directory beside the upper with --work.',
    );
}

function mustLieApart(upper: string, role: string, path: string): void {
  if (nested(path, upper))
    throw usage(
      'OVERLAP',
      `the upper ${upper} and the ${role} ${path} lie inside each other`,
      'Give the upper a directory of its own.',
    );
}

function mustBeDirectory(role: string, path: string): void {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined)
    throw usage('NO_LAYER', `the ${role} ${path} does not exist`, 'Create it, or name another.');
  if (!found.isDirectory())
    throw usage('NO_LAYER', `the ${role} ${path} is not a directory`, 'Name a directory.');
}
