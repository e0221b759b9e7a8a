import type { Problem } from './problem.js';

/** A configuration that cannot be used. The first problem is the message's first line; every problem is in `problems`. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly code = 'CONFIG';

  constructor(
    readonly problems: readonly Problem[],
    /** What to do next. */
    readonly hint: string,
  ) {
    super(problems.map((p, i) => (i === 0 ? p.message : `  - ${p.message}`)).join('\n'));
  }
}
