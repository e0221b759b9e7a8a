// The process that serves doctor's trial mount: who serves a mount must not be who tries it. Ends when the channel closes, also because doctor has died.
import { once } from 'node:events';
import { rmdir } from 'node:fs/promises';
import { MemoryFs, mount } from '@scorpiofs/fuse';
import { explain } from '../command-error.js';

// Ctrl-C reaches the whole group: doctor ends of it, this process unmounts first.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {});

const closed = once(process, 'disconnect');
const [mountpoint] = (await once(process, 'message')) as [string];
try {
  const mounted = await mount(new MemoryFs(), mountpoint);
  if (process.connected) process.send?.({ transport: mounted.transport });
  await closed;
  await mounted.unmount({ busyMs: 0 });
} catch (error) {
  if (process.connected) process.send?.({ error: explain(error) });
  if (process.connected) process.disconnect();
}
// Doctor does the same; this is for a doctor that has died.
await rmdir(mountpoint).catch(() => {});
