import type { Change } from './changes.js';
import { messageOf } from './error.js';
import { JobTable } from './job-table.js';
import type { MountStatus } from './job.js';
import { Lane } from './lane.js';
import type { AntaresLog, AntaresOptions } from './options.js';
import { Running } from './running.js';
import { StateFile } from './state/state-file.js';
import { Trash } from './trash.js';

/** What every operation on views works with. The jobs belong to the table, everything that must end before the end to `running`. */
export interface Context extends AntaresOptions {
  readonly jobs: JobTable;
  readonly running: Running;
  readonly trash: Trash;
  /** Creates that may run at once. */
  readonly creates: Lane;
  /** Changes that are being found out, by mount id. */
  readonly looks: Map<string, Promise<Change[]>>;
  /** Deletes that run, by mount id. */
  readonly ends: Map<string, Promise<MountStatus>>;
  /** Mount ids of directories that are used without a record: a view is being made of them, or was ended with programs inside that stay. */
  readonly inUse: Set<string>;
  readonly log: AntaresLog;
}

export function contextOf(options: AntaresOptions): Context {
  const log = options.log ?? (() => undefined);
  return {
    ...options,
    log,
    jobs: new JobTable(new StateFile(options.paths.stateFile), options.engine.name),
    running: new Running(),
    creates: new Lane(16),
    ends: new Map(),
    inUse: new Set(),
    looks: new Map(),
    trash: new Trash((error) => log('warn', 'removing failed', { reason: messageOf(error) })),
  };
}
