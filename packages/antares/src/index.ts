export { Antares } from './antares.js';
export { Base, type BaseOptions } from './base.js';
export type { Change, ChangeKind } from './changes.js';
export { markKept } from './directories.js';
export type { Layers, OverlayEngine, Process, UnmountResult } from './engine.js';
export { AntaresError, type AntaresCode } from './error.js';
export type { Events } from './events.js';
export type { Lifecycle, MountStatus } from './job.js';
export { KernelEngine, type KernelEngineOptions } from './kernel-engine.js';
export { kernelProblem } from './kernel-problem.js';
export type {
  AntaresLog,
  AntaresOptions,
  AntaresPaths,
  ChangedStatus,
  ChangeOfLayers,
  PruneOptions,
} from './options.js';
export { AntaresManager, type AntaresConfig, type UmountOptions } from './manager.js';
export { pruneOffline } from './operations/prune.js';
export type { Orphan } from './orphans.js';
export type { CreateRequest } from './request.js';
export type { JobRecord } from './state/record.js';
export { StateFile } from './state/state-file.js';
export { isMounted } from './take-out.js';
export { UserspaceEngine, type UserspaceEngineOptions } from './userspace/userspace-engine.js';
