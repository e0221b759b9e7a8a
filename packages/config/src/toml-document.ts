import { parse } from 'toml';

/** A date or time. The kind is all that matters: no key takes one. */
class TomlDate {
  constructor(readonly text: string) {}
}

const asDate = { from: (text: string) => new TomlDate(text) };

export type TomlKind = 'string' | 'integer' | 'float' | 'boolean' | 'array' | 'table' | 'datetime';

export interface TomlValue {
  readonly kind: TomlKind;
  /** Scalars as text: `3` for `3.0`, `16` for `0x10`. Empty for the other kinds. */
  readonly text: string;
  /** Members of a table. */
  readonly members?: ReadonlyMap<string, TomlValue>;
}

/** Text that is not TOML. Lines and columns count from 1. */
export class TomlError extends Error {
  override readonly name = 'TomlError';

  constructor(
    readonly line: number,
    readonly column: number,
    readonly reason: string,
    source: string,
  ) {
    const text = source.split('\n')[line - 1]?.replace(/\r$/, '') ?? '';
    const margin = ' '.repeat(String(line).length);
    super(
      `TOML parse error at line ${line}, column ${column}\n${margin} |\n${line} | ${text}\n${margin} | ${' '.repeat(Math.max(0, column - 1))}^\n${reason}`,
    );
  }
}

function floatText(value: number): string {
  if (Object.is(value, -0)) return '-0';
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf';
  return Number.isInteger(value) ? BigInt(value).toString() : String(value);
}

function toValue(raw: unknown): TomlValue {
  if (typeof raw === 'string') return { kind: 'string', text: raw };
  if (typeof raw === 'bigint') return { kind: 'integer', text: raw.toString() };
  if (typeof raw === 'number') return { kind: 'float', text: floatText(raw) };
  if (typeof raw === 'boolean') return { kind: 'boolean', text: String(raw) };
  if (raw instanceof TomlDate) return { kind: 'datetime', text: '' };
  if (Array.isArray(raw)) return { kind: 'array', text: '' };
  const members = new Map<string, TomlValue>();
  for (const [key, value] of Object.entries(raw ?? {})) members.set(key, toValue(value));
  return { kind: 'table', text: '', members };
}

/** What the parser says, with the place in the text. */
export function tomlError(error: unknown, source: string): TomlError {
  let [line, column] = [1, 1];
  let reason = String(error);
  if (error instanceof Error) {
    reason = error.message;
    if ('line' in error && typeof error.line === 'number') line = error.line;
    if ('column' in error && typeof error.column === 'number') column = error.column;
    if ('location' in error) {
      const { start } = error.location as { start?: { line: number; column: number } };
      if (start !== undefined) [line, column] = [start.line, start.column];
    }
  }
  return new TomlError(line, column, reason, source);
}

/** Parses TOML 1.1; a byte order mark and CRLF are accepted. Throws `TomlError`. */
export function parseToml(source: string): ReadonlyMap<string, TomlValue> {
  let raw: unknown;
  try {
    raw = parse(source, {
      bigint: true,
      useTemporal: true,
      temporal: {
        ZonedDateTime: asDate,
        PlainDateTime: asDate,
        PlainDate: asDate,
        PlainTime: asDate,
      },
    });
  } catch (error) {
    throw tomlError(error, source);
  }
  return toValue(raw).members ?? new Map<string, TomlValue>();
}
