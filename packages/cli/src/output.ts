import { writeSync } from 'node:fs';
import { errorCode, osReason } from '@scorpiofs/config';
import { CommandError } from './command-error.js';
import { EXIT } from './exit-codes.js';

/** The reader of standard output has gone: there is nothing left to say, and nothing wrong (K-40). */
export class OutputClosed extends Error {
  override readonly name = 'OutputClosed';
}

/** Where a command's results and remarks go. */
export interface Output {
  /** A result, on standard output. Throws `OutputClosed` when nobody reads, `CommandError` when it cannot be written. */
  out(text: string): void;
  /** A remark or an error, on standard error; never throws. */
  err(text: string): void;
  /** Whether standard output is a terminal. */
  readonly interactive: boolean;
  /** Columns to format for. */
  readonly width: number;
}

const pause = new Int32Array(new SharedArrayBuffer(4));

/** Writes all of it, however slow the reader is. A pipe that somebody made non-blocking says EAGAIN when full. */
function writeAll(fd: number, text: string): void {
  let bytes = Buffer.from(text);
  while (bytes.length > 0) {
    try {
      bytes = bytes.subarray(writeSync(fd, bytes));
    } catch (error) {
      if (errorCode(error) !== 'EAGAIN') throw error;
      Atomics.wait(pause, 0, 0, 5);
    }
  }
}

/** Standard output and error of this process, for commands that end; a daemon's log has its own way. */
export function processOutput(): Output {
  return {
    out(text) {
      try {
        writeAll(1, text);
      } catch (error) {
        if (errorCode(error) === 'EPIPE') throw new OutputClosed();
        throw new CommandError(
          'OUTPUT',
          `cannot write to standard output: ${osReason(error)}`,
          'Nothing was undone; repeat the command with another output.',
          EXIT.other,
          error,
        );
      }
    },
    err(text) {
      try {
        writeAll(2, text);
      } catch {
        // Nobody is left to tell.
      }
    },
    interactive: process.stdout.isTTY === true,
    width: process.stdout.columns ?? 100,
  };
}
