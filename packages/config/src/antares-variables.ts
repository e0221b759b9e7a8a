import { nearest } from './nearest.js';
import type { Problem } from './problem.js';

type Env = Readonly<Record<string, string | undefined>>;

interface NumberRule {
  readonly default: number;
  readonly min: number;
  /** A larger number counts as this one. */
  readonly max: number;
}

/** The `ANTARES_*` variables of 0.2.x. All are checked; the quiet time before a change list is switched is the only one that still does something. */
const NUMBERS = {
  ANTARES_CL_QUIESCE_GRACE_MS: { default: 150, min: 0, max: 3000 },
  ANTARES_UNMOUNT_GRACE_MS: { default: 150, min: 0, max: 3000 },
  ANTARES_DEEP_PRELOAD_WORKERS: { default: 4, min: 1, max: 64 },
  ANTARES_DEEP_PRELOAD_MAX_MS: { default: 8000, min: 0, max: 120_000 },
  ANTARES_DEEP_PRELOAD_MAX_DEPTH: { default: 4, min: 0, max: 64 },
} satisfies Record<string, NumberRule>;

const MODE = 'ANTARES_DEEP_PRELOAD_MODE';
/** The empty string is `hotset`. */
const MODES = ['scan', 'scan_only', 'readdirplus', 'full', 'dirs', 'dirs_only', 'hotset', ''];

export type AntaresNumber = keyof typeof NUMBERS;

export const ANTARES_VARIABLES: readonly string[] = [...Object.keys(NUMBERS), MODE];

const readNumber = (text: string): number | undefined =>
  /^\+?\d+$/.test(text.trim()) ? Number(text) : undefined;

/** The value that counts: clamped, and the default where it is not set or is no number. */
export function antaresNumber(name: AntaresNumber, env: Env): number {
  const rule: NumberRule = NUMBERS[name];
  const value = readNumber(env[name] ?? '') ?? rule.default;
  return Math.min(Math.max(value, rule.min), rule.max);
}

const warning = (variable: string, rule: string, message: string): Problem => ({
  severity: 'warning',
  rule,
  key: variable,
  origin: { kind: 'env', variable },
  message,
});

/** CFG-35: what cannot be read is said, and the default counts. */
export function antaresVariableProblems(env: Env): Problem[] {
  const problems: Problem[] = [];
  for (const [name, rule] of Object.entries<NumberRule>(NUMBERS)) {
    const text = env[name];
    if (text !== undefined && readNumber(text) === undefined)
      problems.push(
        warning(
          name,
          'integer',
          `${name} is '${text}', which is no number: ${rule.default} is used`,
        ),
      );
  }
  const mode = env[MODE]?.trim().toLowerCase();
  if (mode !== undefined && !MODES.includes(mode))
    problems.push(warning(MODE, 'choice', `${MODE} is '${mode}': scan_only is used`));
  for (const name of Object.keys(env)) {
    if (!name.startsWith('ANTARES_') || ANTARES_VARIABLES.includes(name)) continue;
    const meant = nearest(name, ANTARES_VARIABLES);
    // Others may have variables of that prefix; only a slip of ours is worth a word.
    if (meant !== undefined)
      problems.push(
        warning(name, 'unknown-variable', `Unknown variable ${name}; did you mean '${meant}'?`),
      );
  }
  return problems;
}
