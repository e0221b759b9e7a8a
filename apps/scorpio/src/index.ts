import { processOutput, runProgram, scorpioProgram } from '@scorpiofs/cli';

/** Runs one command line of `scorpio` in this process and gives its exit code. */
export async function main(argv: readonly string[]): Promise<number> {
  return runProgram(scorpioProgram(), argv, { env: process.env, output: processOutput() });
}
