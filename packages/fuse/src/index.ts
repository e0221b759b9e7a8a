export * from './file-attributes.js';
export * from './filesystem.js';
export * from './layer.js';
export * from './fs-error.js';
export * from './name.js';
export type { ChannelEnd } from './channel/channel.js';
export {
  detachDeadMounts,
  findMounts,
  probeMount,
  type DetachOptions,
  type DetachResult,
  type MountHealth,
} from './mount/dead-mounts.js';
export { checkMountpoint } from './mount/check-mountpoint.js';
export { FuseMountError } from './mount/errors.js';
export { mount } from './mount/mount.js';
export { readMountTable, type MountEntry } from './mount/mount-table.js';
export type { MountOptions } from './mount/options.js';
export type { Log } from './session/session.js';
export { lineTracer, type Tracer } from './session/trace.js';
export type * from './transport.js';
export { MemoryFs, type MemoryFsOptions, type MemoryFsUse } from './memory/memory-fs.js';
