import { antaresProgram, processOutput, runProgram } from '@scorpiofs/cli';

/** Runs one command line of `antares` in this process and gives its exit code. */
export async function main(argv: readonly string[]): Promise<number> {
  return runProgram(antaresProgram(), argv, { env: process.env, output: processOutput() });
}
