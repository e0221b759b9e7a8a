import type { RootDatabase } from 'lmdb';
import type { Counters } from './counters.js';
import type { OpenFiles } from './disk/open-files.js';
import type { SegmentRows } from './disk/segment-rows.js';
import type { Layout } from './layout.js';
import type { Table } from './meta/table.js';
import type { WriteQueue } from './meta/write-queue.js';
import type { Owner } from './owner.js';
import type { Room } from './room.js';

export interface Tables {
  /** Binary trees by the id their parent states. */
  readonly trees: Table;
  /** 6 bytes each. A size never changes and never goes (C07). */
  readonly sizes: Table;
  /** Where small contents lie. */
  readonly places: Table;
  /** Large contents that may not have reached the disk. */
  readonly unsynced: Table;
  readonly facts: Table;
}

/** What the operations on a store share. */
export interface Parts {
  readonly layout: Layout;
  readonly boot: string;
  readonly owner: Owner;
  readonly root: RootDatabase<Buffer, Buffer>;
  readonly room: Room;
  readonly tables: Tables;
  readonly queue: WriteQueue;
  readonly segments: SegmentRows;
  readonly open: OpenFiles;
  readonly counters: Counters;
}
