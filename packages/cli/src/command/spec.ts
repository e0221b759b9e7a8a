import type { ExitCode } from '../exit-codes.js';
import type { Invocation } from './invocation.js';

/** What a shell may offer for a value. */
export type Completion = 'file' | 'directory' | 'job' | readonly string[];

interface ValueSpec {
  /** Only these words. */
  readonly choices?: readonly string[];
  /** What is wrong with a value, or nothing. */
  readonly check?: (value: string) => string | undefined;
  readonly complete?: Completion;
  readonly doc: string;
}

export interface FlagSpec extends ValueSpec {
  /** `--config-path`. */
  readonly name: `--${string}`;
  /** `-c`. */
  readonly short?: `-${string}`;
  /** Name of the value in help, `CONFIG_PATH`; a flag without one is a switch. */
  readonly value?: string;
  readonly default?: string;
  /** May be given more than once. */
  readonly repeatable?: boolean;
  /** An empty value is a usage error. */
  readonly notEmpty?: boolean;
}

export interface ArgSpec extends ValueSpec {
  /** `JOB_ID`; shown as `<JOB_ID>`, or `[JOB_ID]` when optional. */
  readonly name: string;
  readonly optional?: boolean;
}

export interface CommandSpec {
  readonly name: string;
  /** One line. */
  readonly summary: string;
  /** What help says beyond it: what lies where, what the exit codes mean. */
  readonly details?: string;
  readonly examples?: readonly (readonly [line: string, what: string])[];
  readonly args?: readonly ArgSpec[];
  readonly flags?: readonly FlagSpec[];
  readonly commands?: readonly CommandSpec[];
  readonly run?: (invocation: Invocation) => Promise<ExitCode>;
}

export interface ProgramSpec extends CommandSpec {
  readonly version: string;
  /** Flags of the program itself. */
  readonly globals: readonly FlagSpec[];
  /** Whether they may also follow a subcommand. */
  readonly globalsAnywhere: boolean;
  /** Printed on standard error before anything else. */
  readonly note?: string;
}

export const HELP: FlagSpec = { name: '--help', short: '-h', doc: 'Print help' };
export const VERSION: FlagSpec = { name: '--version', short: '-V', doc: 'Print version' };

export function argText(arg: ArgSpec): string {
  return arg.optional === true ? `[${arg.name}]` : `<${arg.name}>`;
}

/** `--config-path <CONFIG_PATH>`, as messages name a flag. */
export function flagText(flag: FlagSpec): string {
  return flag.value === undefined ? flag.name : `${flag.name} <${flag.value}>`;
}

/** The command at the end of a path of words, and every command on the way, the program first. */
export function commandsOn(program: ProgramSpec, path: readonly string[]): CommandSpec[] {
  const found: CommandSpec[] = [program];
  for (const word of path) {
    const next = found.at(-1)?.commands?.find((c) => c.name === word);
    if (next === undefined) break;
    found.push(next);
  }
  return found;
}

/** Flags that may be given at a level: the command's own, and the program's where they are allowed. */
export function flagsAt(program: ProgramSpec, path: readonly string[]): FlagSpec[] {
  const own = commandsOn(program, path).at(-1)?.flags ?? [];
  const globals = path.length === 0 || program.globalsAnywhere ? program.globals : [];
  return [...own, ...globals, HELP, ...(path.length === 0 ? [VERSION] : [])];
}

export function usageLine(program: ProgramSpec, path: readonly string[]): string {
  const command = commandsOn(program, path).at(-1) ?? program;
  const hasOptions = flagsAt(program, path).some((f) => f !== HELP && f !== VERSION);
  const needsCommand = command.commands !== undefined && command.run === undefined;
  const words = [program.name, ...path];
  if (hasOptions) words.push('[OPTIONS]');
  words.push(...(command.args ?? []).map(argText));
  if (command.commands !== undefined) words.push(needsCommand ? '<COMMAND>' : '[COMMAND]');
  return words.join(' ');
}
