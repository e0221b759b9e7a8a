import type { KeySpec } from './key-spec.js';
import { parseAddress } from './parse-address.js';
import { normaliseUrl } from './parse-url.js';
import { REDACTED } from './redact.js';

export type Parsed =
  { readonly ok: string | number | boolean } | { readonly rule: string; readonly message: string };

const LIMITS = { usize: 2n ** 64n - 1n, u64: 2n ** 64n - 1n, u32: 2n ** 32n - 1n };
const SAFE = BigInt(Number.MAX_SAFE_INTEGER);

function parseInteger(spec: KeySpec, type: keyof typeof LIMITS, text: string): Parsed {
  const bad = (reason: string): Parsed => ({
    rule: 'integer',
    message: `Invalid value for '${spec.key}': ${JSON.stringify(text)} is not a valid ${type} (${reason})`,
  });
  const digits = /^\+?(\d+)$/.exec(text.trim())?.[1];
  if (digits === undefined) return bad('invalid digit found in string');
  const value = BigInt(digits);
  if (value > LIMITS[type]) return bad('number too large to fit in target type');
  // A limit or a time above 2^53 means "none"; the exact figure stays in the setting's text.
  return { ok: Number(value > SAFE ? SAFE : value) };
}

function parseWord(what: string, key: string, words: readonly string[], text: string): Parsed {
  const word = text.trim().toLowerCase();
  if (words.includes(word)) return { ok: word };
  const expected = words.map((w) => `'${w}'`).join(' or ');
  return {
    rule: 'word',
    message: `Invalid ${what} for '${key}': expected ${expected}, got ${JSON.stringify(word)}`,
  };
}

/** Reads the text of a value as its key's type. URLs and log filters are checked later, over all keys. */
export function parseValue(spec: KeySpec, text: string): Parsed {
  switch (spec.type) {
    case 'usize':
    case 'u64':
    case 'u32':
      return parseInteger(spec, spec.type, text);
    case 'bool': {
      const read = parseWord('boolean', spec.key, ['true', 'false'], text);
      return 'ok' in read ? { ok: read.ok === 'true' } : read;
    }
    case 'enum':
      return parseWord(spec.noun ?? 'value', spec.key, spec.values ?? [], text);
    case 'address':
      if (parseAddress(text, { anyHost: spec.flag === '--bind' }) !== undefined)
        return { ok: text.trim() };
      return {
        rule: 'address',
        message: `Invalid address for '${spec.key}': ${JSON.stringify(text)} (expected IP:PORT, as in 127.0.0.1:2725 or [::1]:2725)`,
      };
    case 'url':
      return { ok: normaliseUrl(text) };
    case 'string':
      // A header's value: anything beyond visible ASCII could never be sent.
      if (spec.secret === true && !/^[\x21-\x7e]+$/.test(text))
        return {
          rule: 'secret',
          message: `Invalid value for '${spec.key}': ${REDACTED} (letters, digits and punctuation only, no blanks)`,
        };
      return { ok: text };
    case 'path':
      if (text.includes('\0'))
        return {
          rule: 'path',
          message: `Invalid path for '${spec.key}': ${JSON.stringify(text)} (contains a NUL character)`,
        };
      return { ok: text };
    case 'log-filter':
      return { ok: text };
  }
}
