import yargs, { type Argv } from 'yargs';
import {
  argText,
  commandsOn,
  flagsAt,
  HELP,
  usageLine,
  VERSION,
  type FlagSpec,
  type ProgramSpec,
} from './spec.js';

const bare = (flag: FlagSpec) => flag.name.slice(2);

/** Options, positionals and subcommands of one level as yargs knows them. */
function level(
  program: ProgramSpec,
  path: readonly string[],
  flags: readonly FlagSpec[] = flagsAt(program, path),
): Argv {
  const command = commandsOn(program, path).at(-1) ?? program;
  const parser = yargs()
    .scriptName([program.name, ...path].join(' '))
    .help(false)
    .version(false)
    .exitProcess(false)
    .locale('en')
    .parserConfiguration({
      'camel-case-expansion': false,
      'boolean-negation': false,
      'dot-notation': false,
      'parse-numbers': false,
      'parse-positional-numbers': false,
      'short-option-groups': false,
      'duplicate-arguments-array': true,
      'populate--': true,
    })
    .usage(
      `${[command.summary, command.details].filter(Boolean).join('\n\n')}\n\nUsage: ${usageLine(program, path)}`,
    )
    .updateStrings({ 'Positionals:': 'Arguments:', string: 'VALUE' });
  for (const flag of flags)
    parser.option(bare(flag), {
      describe: flag.doc,
      ...(flag.short !== undefined && { alias: flag.short.slice(1) }),
      ...(flag.value === undefined ? { boolean: true } : { string: true, requiresArg: true }),
      ...(flag.default !== undefined && { defaultDescription: flag.default }),
      ...(flag.choices !== undefined && { choices: flag.choices }),
      group:
        program.globals.includes(flag) || flag === HELP || flag === VERSION
          ? 'Global options:'
          : 'Options:',
    });
  return parser;
}

/** The help of a command. */
export async function helpText(
  program: ProgramSpec,
  path: readonly string[],
  width: number,
): Promise<string> {
  const command = commandsOn(program, path).at(-1) ?? program;
  const parser = level(program, path).wrap(Math.max(60, Math.min(width, 110)));
  for (const sub of command.commands ?? []) parser.command(sub.name, sub.summary);
  if (command.commands !== undefined)
    parser.command('help', 'Print this message or the help of the given subcommand');
  const args = (command.args ?? []).map((a) => `  ${argText(a)}  ${a.doc}`);
  if (args.length > 0) parser.epilogue(`Arguments:\n${args.join('\n')}`);
  for (const [line, what] of command.examples ?? []) parser.example(line, what);
  return `${(await parser.getHelp()).trim()}\n`;
}

export interface Values {
  readonly flags: ReadonlyMap<string, readonly string[]>;
  readonly args: readonly string[];
}

/** Has yargs read a canonical command line (see `scan`). */
export async function readValues(
  program: ProgramSpec,
  path: readonly string[],
  canonical: readonly string[],
): Promise<Values> {
  // Where globals may stand was checked before (`scan`): in front of a subcommand they count too.
  const flagsHere = [...new Set([...flagsAt(program, path), ...program.globals])];
  const parser = level(program, path, flagsHere).fail((message, error) => {
    throw error ?? new Error(message);
  });
  const found: Record<string, unknown> = await parser.parseAsync(canonical.slice(path.length));
  const flags = new Map<string, readonly string[]>();
  for (const flag of flagsHere) {
    const value = found[bare(flag)];
    if (value === undefined || value === false) continue;
    flags.set(flag.name, (Array.isArray(value) ? value : [value]).map(String));
  }
  const rest: unknown = found['--'];
  return { flags, args: Array.isArray(rest) ? rest.map(String) : [] };
}
