import type { ConfigFile } from './config-file.js';
import type { KeySpec } from './key-spec.js';
import { variableOf, type ConfigKey } from './keys.js';
import type { Origin, Problem } from './problem.js';
import { redactUrl, REDACTED } from './redact.js';
import { parseToml, TomlError, type TomlValue } from './toml-document.js';

export interface ConfigInput {
  /** The file's path (for messages) and text; absent for a command that needs none. */
  readonly file?: ConfigFile | undefined;
  /** Where `SCORPIO_*` are looked up; the process's environment is not read by itself. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Values from the command line by flat key; above everything else. */
  readonly flags?: Readonly<Partial<Record<ConfigKey, string | undefined>>>;
  /** Replaces `<user>` in defaults. */
  readonly user?: string;
}

export interface RawFile {
  readonly path: string;
  readonly top: ReadonlyMap<string, TomlValue>;
}

const isBlank = (text: string | undefined): boolean => text === undefined || text.trim() === '';

/** Parses the file, or says in one problem why it cannot be. */
export function parseFile(file: ConfigFile): RawFile | Problem {
  try {
    return { path: file.path, top: parseToml(file.text) };
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    return {
      severity: 'error',
      rule: 'syntax',
      key: '',
      origin: { kind: 'file', path: file.path, key: '' },
      message: `Invalid config format in '${file.path}': ${error.message}`,
    };
  }
}

export interface Found {
  readonly text: string;
  readonly origin: Origin;
}

/** How a value may be shown. */
export function shown(spec: KeySpec, text: string): string {
  if (spec.secret === true) return REDACTED;
  return spec.type === 'url' ? redactUrl(text) : text;
}

/** Takes a value of the file: a scalar that is not blank. Everything else than a scalar is a problem. */
function scalarOf(
  spec: KeySpec,
  path: string,
  name: string,
  value: TomlValue | undefined,
  problems: Problem[],
): Found | undefined {
  if (value === undefined) return undefined;
  const origin: Origin = { kind: 'file', path, key: name };
  if (value.kind === 'array' || value.kind === 'table' || value.kind === 'datetime') {
    const what = value.kind === 'array' ? 'an array' : `a ${value.kind}`;
    problems.push({
      severity: 'error',
      rule: 'not-a-scalar',
      key: spec.key,
      value: what,
      origin,
      message: `Invalid value for '${name}': expected a scalar (string/number/bool), got ${what}`,
    });
    return undefined;
  }
  return isBlank(value.text) ? undefined : { text: value.text, origin };
}

function fromFile(spec: KeySpec, file: RawFile, problems: Problem[]): Found | undefined {
  // A section name bound to anything but a table is no section; unknown.ts warns of it.
  const section = file.top.get(spec.section)?.members;
  const short = `[${spec.section}].${spec.short}`;
  const inSection = scalarOf(spec, file.path, short, section?.get(spec.short), problems);
  const flat = scalarOf(spec, file.path, spec.key, file.top.get(spec.key), problems);
  if (inSection !== undefined && flat !== undefined)
    problems.push({
      severity: 'warning',
      rule: 'set-twice',
      key: spec.key,
      value: shown(spec, flat.text),
      origin: flat.origin,
      message: `'${spec.key}' is set twice: the value in [${spec.section}] as '${spec.short}' is used, the one at the top level is not`,
    });
  return inSection ?? flat;
}

/** The first source that has a value that is not blank: flag, variable, section, top level. */
export function findValue(
  spec: KeySpec & { readonly key: ConfigKey },
  input: ConfigInput,
  file: RawFile | undefined,
  problems: Problem[],
): Found | undefined {
  const flag = input.flags?.[spec.key];
  if (flag !== undefined && !isBlank(flag))
    return { text: flag, origin: { kind: 'flag', flag: spec.flag ?? `--${spec.key}` } };
  const variable = variableOf(spec.key);
  const value = input.env?.[variable];
  if (value !== undefined && !isBlank(value)) {
    // What is not UTF-8 in the environment reaches a program as U+FFFD; it counts as not set.
    if (!value.includes('\uFFFD')) return { text: value, origin: { kind: 'env', variable } };
    problems.push({
      severity: 'warning',
      rule: 'not-utf-8',
      key: spec.key,
      origin: { kind: 'env', variable },
      message: `${variable} is not valid UTF-8 and is not used`,
    });
  }
  return file === undefined ? undefined : fromFile(spec, file, problems);
}
