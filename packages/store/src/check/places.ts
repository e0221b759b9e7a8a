import { closeSync, openSync, readSync } from 'node:fs';
import { codeOf } from '../errors.js';
import { hashObject, type Oid } from '@scorpiofs/objects';
import { LRUCache } from 'lru-cache';
import { decodePlace, type Place } from '../disk/place.js';
import { readRecordHeader, RECORD_HEADER } from '../disk/record.js';
import { removeWrong } from '../meta/remove-wrong.js';
import type { Parts } from '../parts.js';
import { Turn } from '../turn.js';

export interface PlacesFound {
  checked: number;
  damaged: number;
}

/** Reads every small content and takes away the rows of those that are not what their id says. `only`: of these segments. */
export async function checkPlaces(
  parts: Parts,
  stopped: () => boolean,
  only?: ReadonlySet<number>,
): Promise<PlacesFound> {
  const found: PlacesFound = { checked: 0, damaged: 0 };
  const { places } = parts.tables;
  const turn = new Turn();
  const open = new LRUCache<number, number>({ max: 32, dispose: (fd) => closeSync(fd) });
  try {
    for (const [key, row] of places.scan()) {
      if (stopped()) break;
      const place = decodePlace(row);
      if (place !== undefined && only?.has(place.segment) === false) continue;
      const state = place ? look(parts, open, key as Oid, place) : 'wrong';
      if (state === 'right') found.checked += 1;
      if (state === 'wrong' && (await removeWrong(parts, places, key, row))) {
        found.damaged += 1;
        parts.counters.damaged += 1;
      }
      await turn.pause();
    }
  } finally {
    open.clear();
  }
  return found;
}

function look(
  parts: Parts,
  open: LRUCache<number, number>,
  oid: Oid,
  place: Place,
): 'right' | 'wrong' | 'gone' {
  let fd = open.get(place.segment);
  if (fd === undefined) {
    try {
      fd = openSync(parts.layout.segment(place.segment), 'r');
    } catch (error) {
      // Evicted. The row still tells the length, which is of use, unless it was damaged itself: it is too short to say.
      if (codeOf(error) === 'ENOENT') return 'gone';
      return 'wrong';
    }
    open.set(place.segment, fd);
  }
  if (place.length > LONGEST || place.offset < RECORD_HEADER) return 'wrong';
  const record = Buffer.allocUnsafe(RECORD_HEADER + place.length);
  try {
    const got = readSync(fd, record, 0, record.length, place.offset - RECORD_HEADER);
    if (got !== record.length) return 'wrong';
  } catch {
    return 'wrong';
  }
  const header = readRecordHeader(record);
  const right = header.oid === oid && header.length === place.length;
  return right && hashObject('blob', record.subarray(RECORD_HEADER)) === oid ? 'right' : 'wrong';
}

/** No content in a segment is longer; a row that says so is damaged, and must not make us read gigabytes. */
const LONGEST = 16 * 1024 * 1024;
