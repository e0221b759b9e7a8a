import { readSync } from 'node:fs';
import type { Oid } from '@scorpiofs/objects';
import { unreadable } from '../errors.js';
import type { Layout } from '../layout.js';
import type { Table } from '../meta/table.js';
import type { OpenFile, OpenFiles } from './open-files.js';
import { decodePlace } from './place.js';
import { SMALL } from './small.js';

/** A stored content that stays readable until it is let go, whatever is evicted meanwhile. */
export interface Lease extends Disposable {
  /** Open for reading; belongs to the store: do not close it. */
  readonly fd: number;
  /** Where the content starts in it. */
  readonly offset: number;
  /** Bytes. */
  readonly size: number;
  /** Whether the descriptor's file is this content and nothing else, as kernel passthrough needs it. */
  readonly whole: boolean;
}

interface Spot {
  readonly file: OpenFile;
  readonly offset: number;
  readonly size: number;
  readonly whole: boolean;
}

/** Contents on disk as a reader sees them: small ones within segments, large ones as files of their own. */
export class Contents {
  constructor(
    readonly layout: Layout,
    readonly places: Table,
    readonly open: OpenFiles,
  ) {}

  /** `size`, where it is known, saves the look at a place where such a content never lies. */
  has(oid: Oid, size?: number): boolean {
    return this.#find(oid, size) !== undefined;
  }

  /** Bytes, of what is or was here: a content's length never changes. */
  knownSize(oid: Oid): number | undefined {
    const row = this.places.get(oid);
    return row && decodePlace(row)?.length;
  }

  /** Copies until `into` is full or the content ends. Undefined: not here. Throws when the disk fails. */
  read(oid: Oid, offset: number, into: Uint8Array, known?: number): number | undefined {
    const spot = this.#find(oid, known);
    if (spot === undefined) return undefined;
    const length = Math.min(into.length, Math.max(0, spot.size - offset));
    let done = 0;
    while (done < length) {
      let got;
      try {
        got = readSync(spot.file.fd, into, done, length - done, spot.offset + offset + done);
      } catch (error) {
        throw unreadable(`content ${oid}`, error);
      }
      // Cut off by something that is not us: to be fetched again, never shorter than it is.
      if (got === 0) return undefined;
      done += got;
    }
    return done;
  }

  lease(oid: Oid): Lease | undefined {
    const spot = this.#find(oid);
    const lease = spot && this.open.lease(spot.file.path);
    if (spot === undefined || lease === undefined) return undefined;
    const { offset, size, whole } = spot;
    return { fd: lease.file.fd, offset, size, whole, [Symbol.dispose]: lease.release };
  }

  #find(oid: Oid, size?: number): Spot | undefined {
    const row = this.places.get(oid);
    const place = row && decodePlace(row);
    if (place !== undefined) {
      const file = this.open.get(this.layout.segment(place.segment));
      if (file) return { file, offset: place.offset, size: place.length, whole: false };
    }
    // A system call that fails costs more than all the rest of a miss.
    if (size !== undefined && size <= SMALL) return undefined;
    const file = this.open.get(this.layout.file(oid));
    return file && { file, offset: 0, size: file.size, whole: true };
  }
}
