import type { Setting } from './check-values.js';
import type { Config } from './load.js';
import { describeOrigin } from './problem.js';
import { redactUrl, REDACTED } from './redact.js';

const LARGEST_NATIVE = 2n ** 63n - 1n;

/** A setting as it may be printed: credentials of URLs and secrets are not. */
function printable(setting: Setting): string | number | boolean | null {
  const { spec, value } = setting;
  if (value === undefined) return null;
  if (spec.secret === true) return REDACTED;
  return spec.type === 'url' ? redactUrl(String(value)) : value;
}

function tomlText(setting: Setting): string {
  const value = printable(setting);
  if (typeof value === 'string') {
    // Quotes, backslashes and control characters are escaped as TOML wants them; JSON leaves DEL alone, TOML does not.
    return JSON.stringify(value).replaceAll('\u007f', '\\u007f');
  }
  if (typeof value === 'boolean') return String(value);
  const digits = BigInt(setting.text.trim().replace(/^\+/, ''));
  return digits > LARGEST_NATIVE ? `"${digits}"` : String(digits);
}

function line(setting: Setting, origin: boolean): string {
  const { spec, value, text } = setting;
  const notes: string[] = [];
  if (value === undefined) notes.push('not set');
  if (spec.type === 'url' && redactUrl(text) !== text) notes.push('credentials not shown');
  if (spec.secret === true && value !== undefined) notes.push('set, not shown');
  if (origin) notes.push(describeOrigin(setting.origin).replaceAll(/\p{Cc}/gu, '?'));
  const note = notes.length === 0 ? '' : `  # ${notes.join('; ')}`;
  // What is not there, and a secret, must not come back as a value when the output is used as a file.
  if (value === undefined || spec.secret === true) return `# ${spec.key} =${note}`;
  return `${spec.key} = ${tomlText(setting)}${note}`;
}

/** The configuration as TOML that can be fed back as a file, optionally with each value's origin (K-08). */
export function showToml(config: Config, options: { origin?: boolean } = {}): string {
  return [...config.settings.values()].map((s) => line(s, options.origin === true) + '\n').join('');
}

/** The same as one JSON object: key to value, or with `origin` key to value and origin. */
export function showJson(config: Config, options: { origin?: boolean } = {}): string {
  const entries = [...config.settings.values()].map((s) => [
    s.spec.key,
    options.origin === true
      ? { value: printable(s), origin: describeOrigin(s.origin) }
      : printable(s),
  ]);
  return JSON.stringify(Object.fromEntries(entries), null, 2) + '\n';
}
