import type { Output } from '../output.js';

/** One call of a command: what was typed, and what it may touch. */
export interface Invocation {
  /** Words of the command: `['config', 'init']`. */
  readonly path: readonly string[];
  /** Values by flag name (`--config-path`); a switch that was given has `['true']`. */
  readonly flags: ReadonlyMap<string, readonly string[]>;
  /** Positional values in order. */
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly output: Output;
}

export function flagValue(invocation: Invocation, name: `--${string}`): string | undefined {
  return invocation.flags.get(name)?.at(-1);
}

export function hasFlag(invocation: Invocation, name: `--${string}`): boolean {
  return invocation.flags.has(name);
}
