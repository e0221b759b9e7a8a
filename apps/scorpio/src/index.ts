import { overlayProgram, processOutput, runProgram, scorpioProgram } from '@scorpiofs/cli';

/** Runs one command line of `scorpio` in this process and gives its exit code. */
export async function main(argv: readonly string[]): Promise<number> {
  return runProgram(scorpioProgram(), argv, { env: process.env, output: processOutput() });
}

/** The same for `scorpio-overlay`. */
export async function overlayMain(argv: readonly string[]): Promise<number> {
  return runProgram(overlayProgram(), argv, { env: process.env, output: processOutput() });
}
