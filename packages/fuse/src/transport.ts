import type { FileSystem, SessionInfo } from './filesystem.js';
import type { ChannelEnd } from './channel/channel.js';
import type { MountOptions } from './mount/options.js';
import type { OperationName } from './protocol/operations.js';

export type TransportName = 'kernel' | 'fuse-native';

/** What a running mount counts; all of it back to zero is what leak checks want. */
export interface MountStats {
  /** Requests since the mount, by operation. */
  readonly requests: Readonly<Partial<Record<OperationName, number>>>;
  /** Requests that the file system has not answered yet. */
  readonly inFlight: number;
  /** Lookup references the kernel holds. */
  readonly references: number;
  /** Host files registered for passthrough. */
  readonly backingFiles: number;
}

export interface UnmountOptions {
  /**
   * When programs have files open or their working directory inside: `detach` (default) takes the mount out of the tree
   * at once, lets them go on for `busyMs` and then ends the session (they get ENOTCONN); `fail` leaves all as it was.
   */
  readonly busy?: 'detach' | 'fail';
  /** Default 2,000 ms. */
  readonly busyMs?: number;
}

/** A file system that is mounted. */
export interface Mounted extends AsyncDisposable {
  readonly transport: TransportName;
  /** Absolute, without symbolic links: as in the mount table. */
  readonly mountpoint: string;
  readonly info: SessionInfo;
  readonly stats: MountStats;
  /** Resolves once the session has ended and the file system was destroyed, also after an unmount by somebody else. */
  readonly closed: Promise<ChannelEnd>;
  /** Done when the mount table says so and the session has ended. Harmless when that was so before. */
  unmount(options?: UnmountOptions): Promise<void>;
}

/** A way to serve a file system at a directory that has been checked (exists, is a directory, no mount of ours or dead). */
export interface Transport {
  readonly name: TransportName;
  /** Why it cannot work on this machine (an Error with `code` and `hint`); undefined: it can, as far as one can tell. */
  unavailable(): Promise<Error | undefined>;
  mount(fs: FileSystem, mountpoint: string, options: MountOptions): Promise<Mounted>;
}
