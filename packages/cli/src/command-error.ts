import { errorCode, redactUrls } from '@scorpiofs/config';
import { EXIT, type ExitCode } from './exit-codes.js';

/** A failure for a person: what happened to what, what to do next, and the exit code. */
export class CommandError extends Error {
  override readonly name = 'CommandError';

  constructor(
    readonly code: string,
    message: string,
    readonly hint: string,
    readonly exit: ExitCode,
    cause?: unknown,
  ) {
    super(message, cause === undefined ? undefined : { cause });
  }
}

function textOf(error: unknown, member: 'message' | 'hint' | 'stack'): string | undefined {
  if (typeof error !== 'object' || error === null || !(member in error)) return undefined;
  const value: unknown = Reflect.get(error, member);
  return typeof value === 'string' && value !== '' ? value : undefined;
}

export interface Said {
  readonly message: string;
  readonly hint?: string;
  readonly exit: ExitCode;
  /** Where in the program it came from; only for failures that nobody has understood. */
  readonly stack?: string;
}

/**
 * What to say about any thrown value. Packages throw errors with `code` and `hint` where they understand a failure; `fallback` is the exit code of
 * the step that failed, for all errors that do not bring one.
 */
export function explain(error: unknown, fallback: ExitCode = EXIT.other): Said {
  const message = redactUrls(textOf(error, 'message') ?? String(error));
  const hint = textOf(error, 'hint');
  if (error instanceof CommandError) return { message, hint: error.hint, exit: error.exit };
  if (errorCode(error) === 'CONFIG')
    return {
      message: `Failed to load config: ${message}`,
      ...(hint && { hint }),
      exit: EXIT.usage,
    };
  if (hint !== undefined) return { message, hint: redactUrls(hint), exit: fallback };
  const stack = textOf(error, 'stack');
  return { message, exit: fallback, ...(stack && { stack: redactUrls(stack) }) };
}

/** Runs a step and gives its failures the step's exit code. */
export async function withExit<T>(exit: ExitCode, step: () => T | Promise<T>): Promise<T> {
  try {
    return await step();
  } catch (error) {
    if (error instanceof CommandError) throw error;
    const said = explain(error, exit);
    const hint = said.hint ?? 'Run `scorpio doctor`, which checks what this needs.';
    throw new CommandError(errorCode(error) ?? 'FAILED', said.message, hint, exit, error);
  }
}
