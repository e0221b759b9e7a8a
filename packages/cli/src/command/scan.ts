import {
  argText,
  commandsOn,
  flagsAt,
  flagText,
  HELP,
  VERSION,
  type CommandSpec,
  type FlagSpec,
  type ProgramSpec,
} from './spec.js';
import { unexpected, unknownCommand, UsageError } from './usage-error.js';

export type Scanned =
  | { readonly kind: 'help'; readonly path: readonly string[] }
  | { readonly kind: 'version' }
  /** A command that needs a subcommand and has none. */
  | { readonly kind: 'incomplete'; readonly path: readonly string[] }
  | {
      readonly kind: 'run';
      readonly path: readonly string[];
      /** The same call in the one form that no parser reads otherwise: command words, `--flag=value`, `--`, positionals. */
      readonly canonical: readonly string[];
    };

/** State of one pass over the words. */
interface Scan {
  readonly program: ProgramSpec;
  readonly path: string[];
  readonly args: string[];
  /** Values that count: of the innermost level, or all of a repeatable flag. */
  readonly flags: Map<FlagSpec, string[]>;
  /** Flags seen at the current level. A flag may come again at an inner level and wins there. */
  seen: Set<FlagSpec>;
}

const fail = (scan: Scan, message: string) => new UsageError(scan.program, scan.path, message);
const noValue = (scan: Scan, flag: FlagSpec) =>
  fail(scan, `a value is required for '${flagText(flag)}' but none was supplied`);

function current(scan: Scan): CommandSpec {
  return commandsOn(scan.program, scan.path).at(-1) ?? scan.program;
}

function checkValue(
  scan: Scan,
  name: string,
  spec: Pick<FlagSpec, 'choices' | 'check'>,
  value: string,
): void {
  if (spec.choices !== undefined && !spec.choices.includes(value)) {
    const possible = `\n  [possible values: ${spec.choices.join(', ')}]`;
    throw fail(scan, `invalid value '${value}' for '${name}'${possible}`);
  }
  const fault = spec.check?.(value);
  if (fault !== undefined) throw fail(scan, `invalid value '${value}' for '${name}': ${fault}`);
}

function setFlag(scan: Scan, flag: FlagSpec, value: string): void {
  if (scan.seen.has(flag) && flag.repeatable !== true)
    throw fail(scan, `the argument '${flagText(flag)}' cannot be used multiple times`);
  if (flag.value !== undefined) {
    if (value === '' && flag.notEmpty === true) throw noValue(scan, flag);
    checkValue(scan, flagText(flag), flag, value);
  }
  const before = flag.repeatable === true ? (scan.flags.get(flag) ?? []) : [];
  scan.flags.set(flag, [...before, value]);
  scan.seen.add(flag);
}

/** Splits `--flag=value`, `-cvalue` and `-c=value` into the flag and its value. */
function readFlag(scan: Scan, word: string): { flag: FlagSpec; value: string | undefined } {
  const flags = flagsAt(scan.program, scan.path);
  if (word.startsWith('--')) {
    const at = word.indexOf('=');
    const name = at < 0 ? word : word.slice(0, at);
    const flag = flags.find((f) => f.name === name);
    if (flag === undefined) throw unexpected(scan.program, scan.path, name);
    return { flag, value: at < 0 ? undefined : word.slice(at + 1) };
  }
  const flag = flags.find((f) => f.short === word.slice(0, 2));
  if (flag === undefined) throw unexpected(scan.program, scan.path, word.slice(0, 2));
  const rest = word.slice(2);
  return { flag, value: rest === '' ? undefined : rest.replace(/^=/, '') };
}

function takeFlag(scan: Scan, word: string, words: string[]): Scanned | undefined {
  const { flag, value } = readFlag(scan, word);
  if (flag.value === undefined) {
    if (value !== undefined)
      throw fail(
        scan,
        `unexpected value '${value}' for '${flag.name}' found; no more were expected`,
      );
    if (flag === HELP) return { kind: 'help', path: scan.path };
    if (flag === VERSION) return { kind: 'version' };
    setFlag(scan, flag, 'true');
    return undefined;
  }
  if (value !== undefined) {
    setFlag(scan, flag, value);
    return undefined;
  }
  const next = words.shift();
  // A value that begins with a dash needs the `=` form: it is read as a flag, so that a forgotten value is noticed.
  if (next === undefined || next === '--') throw noValue(scan, flag);
  if (/^-./.test(next)) {
    readFlag(scan, next);
    throw noValue(scan, flag);
  }
  setFlag(scan, flag, next);
  return undefined;
}

/** `help [COMMAND…]` below the current command. */
function takeHelp(scan: Scan, words: readonly string[]): Scanned {
  for (const word of words) {
    if (current(scan).commands?.some((c) => c.name === word) !== true)
      throw unknownCommand(scan.program, scan.path, word);
    scan.path.push(word);
  }
  return { kind: 'help', path: scan.path };
}

function takeWord(scan: Scan, word: string, afterDashes: boolean): void {
  const command = current(scan);
  const arg = command.args?.[scan.args.length];
  const named = command.commands?.some((c) => c.name === word) === true && scan.args.length === 0;
  if (command.commands !== undefined && !afterDashes && (command.args === undefined || named)) {
    if (!command.commands.some((c) => c.name === word))
      throw unknownCommand(scan.program, scan.path, word);
    scan.path.push(word);
    scan.seen = new Set();
    return;
  }
  if (arg === undefined) throw unexpected(scan.program, scan.path, word);
  checkValue(scan, argText(arg), arg, word);
  scan.args.push(word);
}

function canonical(scan: Scan): string[] {
  const flags = [...scan.flags].flatMap(([flag, values]) =>
    values.map((value) => (flag.value === undefined ? flag.name : `${flag.name}=${value}`)),
  );
  return [...scan.path, ...flags, '--', ...scan.args];
}

/**
 * Reads a command line by the conventions that scripts of 0.2.x rely on (spec §2.1): glued and `=` values, an inner level over an outer one,
 * a flag once per level, the first of help and version ends everything. Throws `UsageError`.
 */
export function scan(program: ProgramSpec, argv: readonly string[]): Scanned {
  const state: Scan = { program, path: [], args: [], flags: new Map(), seen: new Set() };
  const words = [...argv];
  let dashes = false;
  for (let word = words.shift(); word !== undefined; word = words.shift()) {
    if (!dashes && word === '--') {
      dashes = true;
    } else if (!dashes && word === 'help' && current(state).commands !== undefined) {
      return takeHelp(state, words);
    } else if (!dashes && /^-./.test(word)) {
      const end = takeFlag(state, word, words);
      if (end !== undefined) return end;
    } else {
      takeWord(state, word, dashes);
    }
  }
  const command = current(state);
  if (command.run === undefined) return { kind: 'incomplete', path: state.path };
  const missing = (command.args ?? []).filter((a) => a.optional !== true).slice(state.args.length);
  if (missing.length > 0) {
    const list = missing.map((a) => `\n  ${argText(a)}`).join('');
    throw fail(state, `the following required arguments were not provided:${list}`);
  }
  return { kind: 'run', path: state.path, canonical: canonical(state) };
}
