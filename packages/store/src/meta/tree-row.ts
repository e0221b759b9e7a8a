import { createHash } from 'node:crypto';
import { encodeTree, hashObject, type Oid, type TreeEntry } from '@scorpiofs/objects';

/** A directory as the store keeps it. */
export interface TreeFacts {
  /** Whether the entries, as the source sent them, hashed to the id under which they are kept (C05). */
  readonly verified: boolean;
  /** False when only names, kinds of directory and ids could be had: files may be executable and links. */
  readonly modesKnown: boolean;
}

const VERSION = 0x10;
const VERIFIED = 1;
const MODES_KNOWN = 2;
/** The body hashes to the key, so the row needs no checksum of its own. */
const EXACT = 4;
const HASH = 20;

/** `<version and flags> [<SHA-1 of the body>] <binary tree>`. A tree kept under an id it does not hash to carries its own sum. */
export function encodeTreeRow(key: Oid, entries: readonly TreeEntry[], facts: TreeFacts): Buffer {
  const body = encodeTree(entries);
  const exact = hashObject('tree', body) === key;
  const flags =
    VERSION |
    (facts.verified ? VERIFIED : 0) |
    (facts.modesKnown ? MODES_KNOWN : 0) |
    (exact ? EXACT : 0);
  const head = Buffer.from([flags]);
  return Buffer.concat(exact ? [head, body] : [head, sum(body), body]);
}

/**
 * The binary tree in a row, checked: `undefined` for a row that was damaged, or that another version wrote. The check costs
 * 3 µs for a directory of 20 entries; a damaged listing would hide files.
 */
export function decodeTreeRow(key: Oid, row: Buffer): (TreeFacts & { body: Buffer }) | undefined {
  const flags = row[0] ?? 0;
  if ((flags & 0xf0) !== VERSION) return undefined;
  const exact = (flags & EXACT) !== 0;
  const body = row.subarray(exact ? 1 : 1 + HASH);
  const right = exact
    ? hashObject('tree', body) === key
    : row.length > HASH && sum(body).equals(row.subarray(1, 1 + HASH));
  if (!right) return undefined;
  return { body, verified: (flags & VERIFIED) !== 0, modesKnown: (flags & MODES_KNOWN) !== 0 };
}

function sum(body: Buffer): Buffer {
  return createHash('sha1').update(body).digest();
}
