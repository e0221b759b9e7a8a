import { chmodSync, closeSync, openSync, statSync } from 'node:fs';
import { open, type Database, type RootDatabase } from 'lmdb';
import { damagedDatabase, noRoom, StoreError } from '../errors.js';
import type { Layout } from '../layout.js';
import { Room } from '../room.js';
import { completeDatabase } from './complete.js';
import { prepareLockFile } from './lock-file.js';

export type Rows = Database<Buffer, Buffer>;

/**
 * Address space kept for the map, not memory: one mapping that never moves. Without it the binding maps anew while the file
 * grows and the old mappings stay; a file of 55 MB was counted with 145 MB in VmRSS, and with this with 55 MB.
 */
const MAP_SIZE = 2 ** 38;

export interface Environment {
  readonly root: RootDatabase<Buffer, Buffer>;
  readonly room: Room;
  readonly table: (name: string) => Rows;
}

/**
 * Writes are synced (`overlappingSync`, the binding's default): a crash of the machine leaves the last synced state. Not
 * `noSync`: three times as fast for small rows, but then such a crash can leave a file that is no database at all.
 */
export function openEnvironment(layout: Layout): Environment {
  const path = layout.meta;
  const lock = `${path}-lock`;
  // LMDB would make them 0664.
  closeSync(openSync(path, 'a', 0o600));
  prepareLockFile(lock);
  for (const file of [path, lock]) chmodSync(file, 0o600);
  const room = new Room(layout.root, path);
  try {
    // A new one is written at once; an old one can be opened, and read, on a full disk.
    if (!room.has(0, 0) && statSync(path).size === 0) throw noRoom(layout.root, 'the disk is full');
    completeDatabase(path);
    const options = { keyEncoding: 'binary', encoding: 'binary' } as const;
    const root = open<Buffer, Buffer>({
      path,
      ...options,
      noSubdir: true,
      noMemInit: true,
      mapSize: MAP_SIZE,
      maxDbs: 8,
      // Otherwise the binding makes a promise of its own that nobody holds: unhandled when a commit fails.
      eventTurnBatching: false,
    });
    return { root, room, table: (name) => root.openDB<Buffer, Buffer>({ name, ...options }) };
  } catch (error) {
    room[Symbol.dispose]();
    throw error instanceof StoreError ? error : damagedDatabase(path, error);
  }
}
