import { CommandError, explain } from './command-error.js';
import type { Invocation } from './command/invocation.js';
import { scan } from './command/scan.js';
import { commandsOn, type ProgramSpec } from './command/spec.js';
import { UsageError } from './command/usage-error.js';
import { EXIT, type ExitCode } from './exit-codes.js';
import { OutputClosed, type Output } from './output.js';

/** Loaded when a command is run: the version is said without it. */
const yargs = () => import('./command/yargs-program.js');

/** Says what went wrong and gives the exit code for it. */
export function report(error: unknown, output: Output): ExitCode {
  if (error instanceof OutputClosed) return EXIT.ok;
  const said = explain(error);
  output.err(`${said.message}\n`);
  if (error instanceof UsageError) return said.exit;
  if (said.hint) output.err(`hint: ${said.hint}\n`);
  if (said.stack !== undefined && !(error instanceof CommandError))
    output.err(`This is a defect of the program. Where it happened:\n${said.stack}\n`);
  return said.exit;
}

/**
 * Runs one command line from its words to its exit code: reads it, prints help or version, or calls the command. Never throws: every failure becomes
 * a message with a hint and one of the codes of `EXIT`.
 */
export async function runProgram(
  program: ProgramSpec,
  argv: readonly string[],
  context: Pick<Invocation, 'env' | 'output'>,
): Promise<ExitCode> {
  const { output } = context;
  try {
    if (program.note !== undefined) output.err(`${program.note}\n`);
    const scanned = scan(program, argv);
    switch (scanned.kind) {
      case 'version':
        output.out(`${program.name} ${program.version}\n`);
        return EXIT.ok;
      case 'help':
        output.out(await (await yargs()).helpText(program, scanned.path, output.width));
        return EXIT.ok;
      case 'incomplete':
        output.err(await (await yargs()).helpText(program, scanned.path, output.width));
        return EXIT.usage;
      case 'run': {
        const { path } = scanned;
        const values = await (await yargs()).readValues(program, path, scanned.canonical);
        const command = commandsOn(program, path).at(-1);
        return (await command?.run?.({ ...context, ...values, path })) ?? EXIT.ok;
      }
    }
  } catch (error) {
    return report(error, output);
  }
}
