declare const brand: unique symbol;

/** A git object id: 40 lower-case hex digits (SHA-1). */
export type Oid = string & { readonly [brand]: 'Oid' };

const PATTERN = /^[0-9a-f]{40}$/;

export function isOid(text: string): text is Oid {
  return PATTERN.test(text);
}

/** Checks text that came from outside; throws `TypeError` on anything but 40 lower-case hex digits. */
export function parseOid(text: string): Oid {
  if (!isOid(text))
    throw new TypeError(`not a git object id: ${JSON.stringify(text.slice(0, 80))}`);
  return text;
}

export const EMPTY_BLOB = 'e69de29bb2d1d6434b8b29ae775ad8c2e48c5391' as Oid;
export const EMPTY_TREE = '4b825dc642cb6eb9a060e54bf8d69288fbee4904' as Oid;
