import { parseLevel, type LevelName } from './levels.js';

/** Prefixes of the targets that log lines carry; the reference's module names, so that its directives keep working. */
export const LOG_TARGETS = [
  'scorpiofs::cli',
  'scorpiofs::util::config',
  'scorpiofs::daemon',
  'scorpiofs::daemon::antares',
  'scorpiofs::antares',
  'scorpiofs::antares::fuse',
  'scorpiofs::dicfuse',
  'scorpiofs::dicfuse::store',
  'scorpiofs::manager',
  'scorpiofs::manager::fetch',
  'scorpiofs::server',
  'scorpiofs::mega_client',
  'scorpiofs::mono_server',
  'rfuse3::raw::logfs',
  'libfuse_fs::passthrough::newlogfs',
] as const;

export interface LogDirective {
  /** Plain string prefix of an event's target; empty for every event. */
  readonly target: string;
  readonly level: LevelName;
}

export interface LogFilter {
  readonly directives: readonly LogDirective[];
}

/** A directive that cannot be read. `reason` says why, in the reference's words. */
export interface FilterFault {
  readonly reason: string;
}

const BAD_DIRECTIVE = 'invalid filter directive';
const BAD_LEVEL =
  'error parsing level filter: expected one of "off", "error", "warn", "info", "debug", "trace", or a number 0-5';

/** A letter of any script, a digit, `_`, `-` or `:`, then anything but `=` and the brackets of span selectors (not supported). */
const TARGET = /^[\p{L}\p{N}_:-][^=[{]*$/u;

function parseItem(item: string): LogDirective | FilterFault {
  const level = parseLevel(item);
  if (level !== undefined) return { target: '', level };
  const at = item.indexOf('=');
  const target = at < 0 ? item : item.slice(0, at);
  if (!TARGET.test(target)) return { reason: BAD_DIRECTIVE };
  const word = at < 0 ? '' : item.slice(at + 1).trim();
  if (word === '') return { target, level: 'trace' };
  const wanted = parseLevel(word);
  return wanted === undefined ? { reason: BAD_LEVEL } : { target, level: wanted };
}

/** Reads a comma-separated list of `level`, `target` and `target=level` (spec §3.2). Blanks around items do not count. */
export function parseLogFilter(text: string): LogFilter | FilterFault {
  const byTarget = new Map<string, LevelName>();
  for (const item of text.split(',').map((i) => i.trim())) {
    if (item === '') continue;
    const read = parseItem(item);
    if ('reason' in read) return read;
    byTarget.set(read.target.trim(), read.level);
  }
  const directives = [...byTarget].map(([target, level]) => ({ target, level }));
  return { directives };
}

/** The level up to which events of a target are wanted: that of the longest matching prefix, `off` where none matches. */
export function levelFor(filter: LogFilter, target: string): LevelName {
  let found: LogDirective | undefined;
  for (const d of filter.directives)
    if (
      target.startsWith(d.target) &&
      (found === undefined || d.target.length > found.target.length)
    )
      found = d;
  return found?.level ?? 'off';
}

/**
 * K-21: a filter that is one bare word, no level and no beginning of a known target, is almost always a misspelt level;
 * read as a target it would silence everything. Returns that word.
 */
export function suspiciousWord(text: string): string | undefined {
  const word = text.trim();
  if (word === '' || /[,=[{]/.test(word) || parseLevel(word) !== undefined) return undefined;
  return LOG_TARGETS.some((t) => t.startsWith(word)) ? undefined : word;
}
