import { BadPayload } from './bad-payload.js';

/** Hyphenated, plain, braced and `urn:uuid:` forms in any case; given back in lower case with hyphens (H-09). */
export function parseMountId(text: string): string {
  const bare = text.replace(/^urn:uuid:/i, '').replace(/^\{(.*)\}$/, '$1');
  const plain = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(bare)
    ? bare.replaceAll('-', '')
    : bare;
  if (/^[0-9a-f]{32}$/i.test(plain))
    return plain.toLowerCase().replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
  const shown = text.slice(0, 80);
  throw new BadPayload(
    400,
    `Invalid URL: Cannot parse \`mount_id\` with value \`${shown}\`: UUID parsing failed: ${reason(text)}`,
  );
}

function reason(text: string): string {
  const at = Array.from(text).findIndex((c) => !/[0-9a-f-]/i.test(c));
  if (at < 0) return `invalid length: expected length 32 for simple format, found ${text.length}`;
  const c = Array.from(text)[at] ?? '';
  return `invalid character: expected an optional prefix of \`urn:uuid:\` followed by [0-9a-fA-F-], found \`${c}\` at ${at + 1}`;
}

/** A segment of the path as it was sent, decoded. `name` as clients know it from messages. */
export function pathSegment(url: string, after: string, name: string): string {
  const segments = url
    .replace(/^[a-z]+:\/\/[^/]*/, '')
    .replace(/[?#].*$/, '')
    .split('/');
  const raw = segments[segments.indexOf(after) + 1] ?? '';
  try {
    return decodeURIComponent(raw);
  } catch {
    throw new BadPayload(400, `Invalid URL: Invalid UTF-8 in \`${name}\``);
  }
}
