import { nearest, LEVELS, parseLogFilter, suspiciousWord, type LogFilter } from '@scorpiofs/config';

export interface FilterSources {
  /** `--log-level`. */
  readonly flag?: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The key `log_level`, resolved. */
  readonly configured?: string | undefined;
}

export interface ChosenFilter {
  readonly filter: LogFilter;
  /** A line for standard error when the directive could not be used. */
  readonly notice?: string;
}

const INFO: LogFilter = { directives: [{ target: '', level: 'info' }] };

/** The first directive that is not blank: `--log-level`, `SCORPIO_LOG`, `RUST_LOG`, `log_level`, `info` (spec §3.1). */
export function chooseFilter(sources: FilterSources): ChosenFilter {
  const { flag, env, configured } = sources;
  const text = [flag, env['SCORPIO_LOG'], env['RUST_LOG'], configured].find(
    (t) => t !== undefined && t.trim() !== '',
  );
  if (text === undefined) return { filter: INFO };
  const quoted = JSON.stringify(text);
  const read = parseLogFilter(text);
  if ('reason' in read)
    return {
      filter: INFO,
      notice: `invalid log filter ${quoted} (${read.reason}); falling back to "info"`,
    };
  const word = suspiciousWord(text);
  if (word === undefined) return { filter: read };
  const near = nearest(word, LEVELS);
  const meant = near === undefined ? '' : `, did you mean "${near}"?`;
  return {
    filter: INFO,
    notice: `log filter ${quoted} is neither a level nor a known target${meant}; falling back to "info"`,
  };
}
