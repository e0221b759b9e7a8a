import type { Name } from '../name.js';
import type { Operation } from './operations.js';
import { getU16, getU32 } from './layout.js';
import * as s from './structs.js';

const NO_NAME = '' as Name;

/** Where the parts of a request lie in the buffer it was read into. Valid until the buffer is used again. */
export interface Arguments {
  readonly b: Buffer;
  /** Where the fixed structure begins. */
  readonly at: number;
  /** First and second name, empty where the operation has none. */
  readonly name: Name;
  readonly name2: Name;
  /** Where the bytes behind structure and names begin, and where they end. */
  readonly dataAt: number;
  readonly end: number;
}

/**
 * Splits a request whose header has been checked; undefined when it is shorter than its operation says or a name does not
 * end, which the kernel never does.
 */
export function parseArguments(
  op: Operation,
  b: Buffer,
  length: number,
  fixedSize = op.fixed?.size ?? 0,
): Arguments | undefined {
  const at = s.IN_HEADER.size;
  // Extensions (supplementary groups, security contexts) are only sent to those who negotiated them, and lie behind all.
  const end = length - 8 * getU16(b, 0, s.IN_HEADER.at.total_extlen);
  let dataAt = at + fixedSize;
  if (end < dataAt) return undefined;
  let name = NO_NAME;
  let name2 = NO_NAME;
  if (op.names > 0) {
    const nul = b.indexOf(0, dataAt);
    if (nul < 0 || nul >= end) return undefined;
    name = nameAt(b, dataAt, nul);
    dataAt = nul + 1;
    if (op.names > 1) {
      const second = b.indexOf(0, dataAt);
      if (second < 0 || second >= end) return undefined;
      name2 = nameAt(b, dataAt, second);
      dataAt = second + 1;
    }
  }
  return { b, at, name, name2, dataAt, end };
}

function nameAt(b: Buffer, from: number, to: number): Name {
  return b.toString('latin1', from, to) as Name;
}

/** Whether what was read is one whole request. */
export function isWhole(b: Buffer, length: number): boolean {
  return length >= s.IN_HEADER.size && getU32(b, 0, s.IN_HEADER.at.len) === length;
}
