import { join } from 'node:path';
import type { Oid } from '@scorpiofs/objects';

/** The one directory of `store_path` that is ours; whatever else lies beside it belongs to others and is not touched. */
const DIRECTORY = 'scorpiofs-store';

/** Where what lies, below the directory that `store_path` names. */
export class Layout {
  readonly root: string;
  readonly format: string;
  /** LMDB: trees, sizes, facts, and where small contents lie. */
  readonly meta: string;
  /** Large contents, each its own file: `ab/cdef…`. */
  readonly files: string;
  /** Small contents, many to a file. */
  readonly segments: string;
  /** What is being written; a name starts with its owner's. */
  readonly temporary: string;
  /** One locked file for each process that uses the store. */
  readonly owners: string;

  readonly #segmentPaths = new Map<number, string>();

  constructor(storePath: string) {
    this.root = join(storePath, DIRECTORY);
    this.format = join(this.root, 'format');
    this.meta = join(this.root, 'meta.mdb');
    this.files = join(this.root, 'files');
    this.segments = join(this.root, 'segments');
    this.temporary = join(this.root, 'tmp');
    this.owners = join(this.root, 'owners');
  }

  file(oid: Oid): string {
    return `${this.files}/${oid.slice(0, 2)}/${oid.slice(2)}`;
  }

  /** Asked for with every read of a small content. */
  segment(id: number): string {
    let path = this.#segmentPaths.get(id);
    if (path === undefined) {
      path = `${this.segments}/${segmentName(id)}`;
      if (this.#segmentPaths.size > 10_000) this.#segmentPaths.clear();
      this.#segmentPaths.set(id, path);
    }
    return path;
  }
}

function segmentName(id: number): string {
  return `${id.toString(16).padStart(8, '0')}.seg`;
}

export function segmentId(name: string): number | undefined {
  return /^[0-9a-f]{8}\.seg$/.test(name) ? Number.parseInt(name, 16) : undefined;
}
