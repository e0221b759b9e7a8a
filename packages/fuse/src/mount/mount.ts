import type { FileSystem } from '../filesystem.js';
import type { Mounted, Transport, TransportName } from '../transport.js';
import { checkMountpoint } from './check-mountpoint.js';
import { transportUnavailable } from './errors.js';
import { kernelTransport } from './kernel-transport.js';
import type { MountOptions } from './options.js';

/** The transports of this build, loaded when they are used. In the order in which `auto` tries them. */
const TRANSPORTS: Readonly<Partial<Record<TransportName, () => Promise<Transport>>>> = {
  kernel: () => Promise.resolve(kernelTransport),
  'fuse-native': async () => (await import('../native/native-transport.js')).nativeTransport,
};

/**
 * Serves `fs` at a directory. Resolves when the kernel has agreed and the first request can be answered.
 * The process must not touch the mount itself: see the README.
 *
 * @throws FuseMountError with `code` and `hint`.
 */
export async function mount(
  fs: FileSystem,
  mountpoint: string,
  options: MountOptions = {},
): Promise<Mounted> {
  const transport = await choose(options.transport ?? 'auto');
  const path = await checkMountpoint(mountpoint, options.allowNonEmpty);
  return transport.mount(fs, path, options);
}

async function choose(wanted: TransportName | 'auto' | Transport): Promise<Transport> {
  if (typeof wanted === 'object') return wanted;
  if (wanted !== 'auto') {
    const transport = await TRANSPORTS[wanted]?.();
    if (transport === undefined) throw transportUnavailable(wanted, 'not part of this build');
    const reason = await transport.unavailable();
    if (reason !== undefined) throw reason;
    return transport;
  }
  let first: Error | undefined;
  for (const load of Object.values(TRANSPORTS)) {
    const transport = await load();
    const reason = await transport.unavailable();
    if (reason === undefined) return transport;
    first ??= reason;
  }
  throw first ?? transportUnavailable('auto', 'this build has none');
}
