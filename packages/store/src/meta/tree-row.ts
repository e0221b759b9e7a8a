import { createHash } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { eachInTurns, hashInTurns, hashObject, type Oid } from '@scorpiofs/objects';
import { decodeSizes, encodeSizes, SIZE, sizeAt } from './listed-sizes.js';

/** A directory as the store keeps it. */
export interface TreeFacts {
  /** Whether the entries, as the source sent them, hashed to the id under which they are kept (C05). */
  readonly verified: boolean;
  /** False when only names, kinds of directory and ids could be had: files may be executable and links. */
  readonly modesKnown: boolean;
}

export interface TreeRow extends TreeFacts {
  /** The binary tree. */
  readonly body: Buffer;
  /** Of its entries by position, -1 where not known; absent where none was told. */
  readonly sizes?: number[];
}

const VERSION = 0x10;
const VERIFIED = 1;
const MODES_KNOWN = 2;
/** The body hashes to the key, so the row needs no checksum of its own. */
const EXACT = 4;
/** A count (4 bytes) and so many sizes stand before the body. */
const SIZES = 8;
const HASH = 20;
const COUNT = 4;
/** Bytes summed in one turn. */
const PIECE = 1024 * 1024;

/**
 * `<version and flags> [<SHA-1 of the body>] [<count> <sizes>] <binary tree>`. A tree kept under an id it does not hash to carries
 * its own sum. `exact`: the caller has hashed it already.
 */
export function encodeTreeRow(
  key: Oid,
  { body, sizes, verified, modesKnown }: Omit<TreeRow, 'sizes'> & { sizes?: readonly number[] },
  exact = hashObject('tree', body) === key,
): Buffer {
  const head = 1 + (exact ? 0 : HASH);
  const start = head + (sizes === undefined ? 0 : COUNT + sizes.length * SIZE);
  const row = Buffer.allocUnsafe(start + body.length);
  row[0] =
    VERSION |
    (verified ? VERIFIED : 0) |
    (modesKnown ? MODES_KNOWN : 0) |
    (exact ? EXACT : 0) |
    (sizes === undefined ? 0 : SIZES);
  if (!exact) sum(body).copy(row, 1);
  if (sizes !== undefined) {
    row.writeUInt32BE(sizes.length, head);
    encodeSizes(sizes, row, head + COUNT);
  }
  row.set(body, start);
  return row;
}

/**
 * What is in a row, checked: `undefined` for a row that was damaged, or that another version wrote. The check costs
 * 3 µs for a directory of 20 entries; a damaged listing would hide files. `body` is a part of `row`.
 */
export function decodeTreeRow(key: Oid, row: Buffer): TreeRow | undefined {
  const parts = partsOf(row);
  if (parts === undefined) return undefined;
  const { body, sum: stated, count } = parts;
  const right = stated === undefined ? hashObject('tree', body) === key : sum(body).equals(stated);
  if (!right) return undefined;
  return { ...factsOf(row), body, ...(count > 0 && { sizes: decodeSizes(parts.sizes, 0, count) }) };
}

/** The same for a large one, in several turns of the event loop. The row must not change meanwhile. */
export async function decodeTreeRowInTurns(key: Oid, row: Buffer): Promise<TreeRow | undefined> {
  const parts = partsOf(row);
  if (parts === undefined) return undefined;
  const { body, sum: stated, count } = parts;
  const right =
    stated === undefined
      ? (await hashInTurns('tree', body)) === key
      : (await sumInTurns(body)).equals(stated);
  if (!right) return undefined;
  const sizes: number[] = [];
  await eachInTurns(count, (i) => sizes.push(sizeAt(parts.sizes, i * SIZE)));
  return { ...factsOf(row), body, ...(count > 0 && { sizes }) };
}

interface RowParts {
  readonly body: Buffer;
  /** Absent: the body hashes to the key. */
  readonly sum: Buffer | undefined;
  readonly count: number;
  readonly sizes: Buffer;
}

function partsOf(row: Buffer): RowParts | undefined {
  const flags = row[0] ?? 0;
  if ((flags & 0xf0) !== VERSION) return undefined;
  const exact = (flags & EXACT) !== 0;
  const head = 1 + (exact ? 0 : HASH);
  const told = (flags & SIZES) !== 0;
  if (row.length < head + (told ? COUNT : 0)) return undefined;
  const count = told ? row.readUInt32BE(head) : 0;
  const at = told ? head + COUNT : head;
  const start = at + count * SIZE;
  if (row.length < start) return undefined;
  return {
    body: row.subarray(start),
    sum: exact ? undefined : row.subarray(1, head),
    count,
    sizes: row.subarray(at, start),
  };
}

function factsOf(row: Buffer): TreeFacts {
  const flags = row[0] ?? 0;
  return { verified: (flags & VERIFIED) !== 0, modesKnown: (flags & MODES_KNOWN) !== 0 };
}

async function sumInTurns(body: Buffer): Promise<Buffer> {
  const hash = createHash('sha1');
  const pieces = Math.ceil(body.length / PIECE);
  for (let i = 0; i < pieces; i++) {
    hash.update(body.subarray(i * PIECE, (i + 1) * PIECE));
    await nextTurn();
  }
  return hash.digest();
}

function sum(body: Buffer): Buffer {
  return createHash('sha1').update(body).digest();
}
