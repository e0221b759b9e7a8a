import type { FileSystem } from '../filesystem.js';
import { mount } from '../mount/mount.js';
import type { MountOptions } from '../mount/options.js';
import { countingFs } from './counting-fs.js';

/** What the parent asks for, as the program's argument. */
export interface ServeOrder {
  readonly module: string;
  readonly export: string;
  readonly args: readonly unknown[];
  readonly mountpoint: string;
  readonly mountOptions: MountOptions;
  readonly lifetimeMs: number;
}

async function main(order: ServeOrder): Promise<void> {
  const module = (await import(order.module)) as Record<string, unknown>;
  const make = module[order.export];
  if (typeof make !== 'function') throw new Error(`${order.module} exports no ${order.export}`);
  const fs = (await Reflect.apply(make, undefined, [...order.args])) as FileSystem;
  const counting = countingFs(fs);
  const mounted = await mount(counting.fs, order.mountpoint, order.mountOptions);
  const tooLong = setTimeout(() => void mounted.unmount(), order.lifetimeMs);
  process.on('message', (message) => {
    if (message === 'stop') void mounted.unmount();
    if (message === 'stats') {
      process.send?.({ stats: mounted.stats, calls: Object.fromEntries(counting.calls) });
    }
  });
  process.on('disconnect', () => void mounted.unmount());
  process.send?.({ ready: true });
  await mounted.closed;
  clearTimeout(tooLong);
  if (process.connected) process.disconnect();
}

await main(JSON.parse(process.argv[2] ?? '{}') as ServeOrder);
