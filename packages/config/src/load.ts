import { antaresVariableProblems } from './antares-variables.js';
import { checkValues, type Setting } from './check-values.js';
import { ConfigError } from './config-error.js';
import { derive, type Derived } from './derived.js';
import { KEY_LIST, type ConfigKey, type ConfigValues } from './keys.js';
import { parseValue } from './parse-value.js';
import type { Problem } from './problem.js';
import { findValue, parseFile, shown, type ConfigInput } from './sources.js';
import { unknownNames } from './unknown.js';
import { userName } from './user-name.js';

export interface Config {
  readonly values: ConfigValues;
  readonly derived: Derived;
  /** Every key with its text and origin, in the table's order. */
  readonly settings: ReadonlyMap<ConfigKey, Setting>;
  /** To be logged once there is a logger. */
  readonly warnings: readonly Problem[];
}

function defaultOf(spec: Setting['spec'], user: string): Setting {
  const value =
    typeof spec.default === 'string' ? spec.default.replace('<user>', user) : spec.default;
  return {
    spec,
    value,
    text: value === undefined ? '' : String(value),
    origin: { kind: 'default' },
  };
}

export interface Checked {
  readonly config: Config;
  /** Everything that is wrong, in the order in which it is reported. Where there are errors, `config` has defaults in their place. */
  readonly problems: readonly Problem[];
}

/**
 * Resolves and checks every key: flag, `SCORPIO_*`, section, top level, default. Touches neither the disk nor the network.
 * A value that cannot be read is reported once and replaced by its default, so that all the other checks still run.
 */
export function checkConfig(input: ConfigInput): Checked {
  const problems: Problem[] = [];
  let file;
  if (input.file !== undefined) {
    const parsed = parseFile(input.file);
    if ('severity' in parsed) problems.push(parsed);
    else file = parsed;
  }
  const broken = problems.length > 0;
  const user = input.user ?? userName();
  const settings = new Map<ConfigKey, Setting>();
  for (const spec of KEY_LIST) {
    let setting = defaultOf(spec, user);
    const found = findValue(spec, input, file, problems);
    if (found !== undefined) {
      const parsed = parseValue(spec, found.text);
      if ('ok' in parsed) setting = { spec, value: parsed.ok, ...found };
      else
        problems.push({
          severity: 'error',
          rule: parsed.rule,
          key: spec.key,
          value: shown(spec, found.text),
          origin: found.origin,
          message: parsed.message,
        });
    }
    settings.set(spec.key, setting);
  }
  problems.push(...checkValues([...settings.values()]), ...unknownNames(file, input.env ?? {}));
  problems.push(...antaresVariableProblems(input.env ?? {}));
  // The table above has put a value of the row's type under every key; TypeScript cannot follow it through the loop.
  const values = Object.fromEntries([...settings].map(([k, s]) => [k, s.value])) as ConfigValues;
  const warnings = problems.filter((p) => p.severity === 'warning');
  const config = { values, derived: derive(values), settings, warnings };
  // Of a file that is no TOML nothing else can be said.
  return { config, problems: broken ? problems.slice(0, 1) : problems };
}

/** Problems that stop a start: a bad log filter does not, the logger says so and goes on with `info` (spec §3.2). */
export function fatal(problems: readonly Problem[]): Problem[] {
  return problems.filter((p) => p.severity === 'error' && p.rule !== 'log-filter');
}

/** The configuration, or a `ConfigError` with all its problems. */
export function loadConfig(input: ConfigInput): Config {
  const { config, problems } = checkConfig(input);
  const errors = fatal(problems);
  if (errors.length === 0) return config;
  throw new ConfigError(
    errors,
    'Correct what is named above; `scorpio config validate` checks the file without starting anything.',
  );
}
