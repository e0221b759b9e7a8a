import { bootId } from './boot.js';
import { newCounters } from './counters.js';
import { OpenFiles } from './disk/open-files.js';
import { SegmentRows } from './disk/segment-rows.js';
import { asDamage, withRoomError } from './errors.js';
import { prepareDirectory } from './format.js';
import type { Layout } from './layout.js';
import { closeRoot } from './meta/commit.js';
import { openEnvironment } from './meta/database.js';
import { Table } from './meta/table.js';
import { WriteQueue } from './meta/write-queue.js';
import { Owner } from './owner.js';
import type { Parts, Tables } from './parts.js';

/** Opens everything that a store needs, or nothing. Throws `StoreError`. */
export function openParts(layout: Layout, onProblem: (error: unknown) => void): Parts {
  prepareDirectory(layout, `new-${process.pid}`);
  const owner = new Owner(layout.owners);
  try {
    const { root, room, table } = openEnvironment(layout);
    const counters = newCounters();
    const boot = bootId();
    const tables: Tables = {
      trees: new Table(table('trees'), 'oid'),
      sizes: new Table(table('sizes'), 'oid'),
      places: new Table(table('places'), 'oid', true),
      unsynced: new Table(table('unsynced'), 'oid'),
      facts: new Table(table('facts'), 'text', true),
    };
    const queue = new WriteQueue(root, room, (error) => {
      counters.failedWrites += 1;
      onProblem(withRoomError(layout.root, error));
    });
    const segments = new SegmentRows(root, new Table(table('segments'), 'text'), owner, boot, room);
    const open = new OpenFiles();
    return { layout, boot, owner, root, room, tables, queue, segments, open, counters };
  } catch (error) {
    owner.close();
    throw asDamage(layout.meta, error);
  }
}

export async function closeParts({ queue, open, root, room, owner }: Parts): Promise<void> {
  // What cannot be written now has been reported.
  await queue.flushed().catch(() => {});
  queue.stop();
  open.close();
  await closeRoot(root);
  room[Symbol.dispose]();
  owner.close();
}
