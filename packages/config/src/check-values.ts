import { isAbsolute } from 'node:path';
import type { KeySpec } from './key-spec.js';
import type { ConfigKey } from './keys.js';
import { parseLogFilter, suspiciousWord } from './log-filter.js';
import { nearest } from './nearest.js';
import { LEVELS } from './levels.js';
import { overlaps, RECORDS } from './overlap.js';
import { urlFault } from './parse-url.js';
import type { Origin, Problem } from './problem.js';
import { shown } from './sources.js';

export interface Setting {
  readonly spec: KeySpec & { readonly key: ConfigKey };
  /** `undefined`: not set, and no default. */
  readonly value: string | number | boolean | undefined;
  /** The value as it was written. */
  readonly text: string;
  readonly origin: Origin;
}

function problem(setting: Setting, rule: string, message: string): Problem {
  const { spec, origin, text } = setting;
  return { severity: 'error', rule, key: spec.key, value: shown(spec, text), origin, message };
}

function checkUrl(setting: Setting): Problem[] {
  const fault = urlFault(setting.spec.key, setting.text);
  return fault === undefined ? [] : [problem(setting, 'url', fault)];
}

function checkMinimum(setting: Setting): Problem[] {
  const { spec, value } = setting;
  if (spec.min === undefined || typeof value !== 'number' || value >= spec.min) return [];
  const text = `Invalid config '${spec.key}': must be >= ${spec.min}, got ${value}`;
  return [problem(setting, 'minimum', text)];
}

function checkFilter(setting: Setting): Problem[] {
  const { spec, text } = setting;
  const read = parseLogFilter(text);
  if ('reason' in read)
    return [
      problem(
        setting,
        'log-filter',
        `Invalid log filter for '${spec.key}': ${JSON.stringify(text)} (${read.reason})`,
      ),
    ];
  const word = suspiciousWord(text);
  if (word === undefined) return [];
  const near = nearest(word, LEVELS);
  return [
    {
      ...problem(
        setting,
        'log-word',
        `'${spec.key}' is ${JSON.stringify(word)}, which is neither a level nor a known target; \`info\` is used${near === undefined ? '' : `; did you mean '${near}'?`}`,
      ),
      severity: 'warning',
    },
  ];
}

/** A relative one follows the working directory, which may be anywhere, the workspace too. */
function isPlacedFile({ spec, value }: Setting): boolean {
  return RECORDS.includes(spec.key) && isAbsolute(String(value));
}

function checkOverlaps(settings: readonly Setting[]): Problem[] {
  const roots: readonly string[] = [
    'workspace',
    'store_path',
    'antares_upper_root',
    'antares_cl_root',
    'antares_mount_root',
  ];
  const of = (key: string) => settings.find((s) => s.spec.key === key);
  const places = settings
    .filter((s) => roots.includes(s.spec.key) || isPlacedFile(s))
    .map((s) => ({ key: s.spec.key, path: String(s.value) }));
  return overlaps(places).flatMap(({ outer, inner, same, refused }) => {
    const setting = of(inner.key);
    if (setting === undefined) return [];
    const where = same
      ? `'${inner.key}' and '${outer.key}' are the same ${RECORDS.includes(inner.key) ? 'place' : 'directory'}, ${inner.path}`
      : `'${inner.key}' (${inner.path}) lies inside '${outer.key}' (${outer.path})`;
    const text = refused ? `Overlapping directories: ${where}` : `${where}; apart is safer`;
    const found = problem(setting, 'overlap', text);
    return [refused ? found : { ...found, severity: 'warning' as const }];
  });
}

/** What is wrong with values that could be read: URLs first, then minimums, as 0.2.x does, then what it does not check. */
export function checkValues(settings: readonly Setting[]): Problem[] {
  const set = settings.filter((s) => s.value !== undefined);
  return [
    ...set.filter((s) => s.spec.type === 'url').flatMap(checkUrl),
    ...set.flatMap(checkMinimum),
    ...set.filter((s) => s.spec.type === 'log-filter').flatMap(checkFilter),
    ...checkOverlaps(set),
  ];
}
