import type { OperationName } from '../protocol/operations.js';
import * as dirs from './handlers-dirs.js';
import * as files from './handlers-files.js';
import * as ioctl from './handlers-ioctl.js';
import * as locks from './handlers-locks.js';
import * as nodes from './handlers-nodes.js';
import * as space from './handlers-space.js';
import * as xattr from './handlers-xattr.js';
import type { Handler } from './handler.js';

/** Requests of the session itself, and those answered ENOSYS: the kernel does without them (STATX: GETATTR; POLL: ready). */
type NotAsked =
  | 'INIT'
  | 'DESTROY'
  | 'INTERRUPT'
  | 'FORGET'
  | 'BATCH_FORGET'
  | 'NOTIFY_REPLY'
  | 'BMAP'
  | 'POLL'
  | 'STATX';

export const HANDLERS: Readonly<
  Record<Exclude<OperationName, NotAsked>, Handler> & Partial<Record<NotAsked, Handler>>
> = { ...nodes, ...files, ...dirs, ...xattr, ...space, ...locks, ...ioctl };
