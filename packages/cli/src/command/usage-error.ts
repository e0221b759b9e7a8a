import { nearest } from '@scorpiofs/config';
import { CommandError } from '../command-error.js';
import { EXIT } from '../exit-codes.js';
import { commandsOn, flagsAt, usageLine, type ProgramSpec } from './spec.js';

/** A command line that cannot be understood; the whole text for standard error, `error: ` first and the pointer to help last. */
export class UsageError extends CommandError {
  constructor(program: ProgramSpec, path: readonly string[], message: string, tip?: string) {
    const lines = [`error: ${message}`, ''];
    if (tip !== undefined) lines.push(`  tip: ${tip}`, '');
    lines.push(`Usage: ${usageLine(program, path)}`, '', "For more information, try '--help'.");
    super('USAGE', lines.join('\n'), '', EXIT.usage);
  }
}

export function unknownCommand(
  program: ProgramSpec,
  path: readonly string[],
  word: string,
): UsageError {
  const known =
    commandsOn(program, path)
      .at(-1)
      ?.commands?.map((c) => c.name) ?? [];
  const near = nearest(word, [...known, 'help']);
  const tip = near === undefined ? undefined : `a similar subcommand exists: '${near}'`;
  return new UsageError(program, path, `unrecognized subcommand '${word}'`, tip);
}

export function unexpected(
  program: ProgramSpec,
  path: readonly string[],
  word: string,
): UsageError {
  const flags = flagsAt(program, path).map((f) => f.name);
  const near = word.startsWith('--') ? nearest(word, flags) : undefined;
  const tip = near === undefined ? undefined : `a similar argument exists: '${near}'`;
  return new UsageError(program, path, `unexpected argument '${word}' found`, tip);
}
