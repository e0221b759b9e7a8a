import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import koffi from 'koffi';

/** An answer to libfuse: a negative errno, a count, or 0 with values behind it. */
export type Signal = (result: number, ...values: readonly unknown[]) => void;

/** What is used of an instance of the package's class, its undocumented parts too: the version is pinned. */
export interface FuseInstance {
  /** By the package's operation number; called with libfuse's state of the thread, the number and the arguments. */
  readonly _handlers: ((state: Buffer, op: number, ...args: readonly unknown[]) => void)[];
  readonly _thread: Buffer;
  _fuseOptions: () => string;
  _op_getxattr: (signal: Signal, path: string, name: string, into: Buffer) => void;
  _op_listxattr: (signal: Signal, path: string, into: Buffer) => void;
  _op_utimens: (signal: Signal, path: string) => void;
  mount(done: (error: Error | null | undefined) => void): void;
}

export type FuseClass = new (
  mountpoint: string,
  operations: object,
  options: { readonly timeout: false },
) => FuseInstance;

/** The package's binding, for what its class does by running `fusermount`. */
export interface FuseBinding {
  fuse_native_unmount(mountpoint: string, thread: Buffer): void;
}

export interface FuseNative {
  readonly Fuse: FuseClass;
  readonly binding: FuseBinding;
}

const require = createRequire(import.meta.url);
let loaded: FuseNative | undefined;

/** Loads the package `fuse-native`, with the system's libfuse 2 or else with the one that it carries. Throws. */
export function loadFuseNative(): FuseNative {
  loaded ??= load();
  return loaded;
}

function load(): FuseNative {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new Error(`it is built for linux-x64 only, this is ${process.platform}-${process.arch}`);
  }
  const root = dirname(require.resolve('fuse-native'));
  try {
    return requireBoth(root);
  } catch (error) {
    if (!(error instanceof Error) || !error.message.includes('libfuse')) throw error;
    loadBundledLibfuse();
    return requireBoth(root);
  }
}

function requireBoth(root: string): FuseNative {
  const findBinding = createRequire(join(root, 'index.js'));
  const nodeGypBuild = findBinding('node-gyp-build') as (dir: string) => FuseBinding;
  const binding = nodeGypBuild(root);
  return { Fuse: require('fuse-native') as FuseClass, binding };
}

/**
 * Makes the package's own libfuse known to the dynamic linker, which then finds the soname `libfuse.so.2` that the binding
 * wants without any library of the system.
 */
export function loadBundledLibfuse(): void {
  const root = dirname(require.resolve('fuse-native'));
  koffi.load(join(root, 'prebuilds', 'linux-x64', 'libfuse.so'), { global: true });
}
