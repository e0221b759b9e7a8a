// The process that serves doctor's trial mount: who serves a mount must not be who tries it. Ends when the channel closes.
import { once } from 'node:events';
import { MemoryFs, mount } from '@scorpiofs/fuse';
import { explain } from '../command-error.js';

const closed = once(process, 'disconnect');
const [mountpoint] = (await once(process, 'message')) as [string];
try {
  const mounted = await mount(new MemoryFs(), mountpoint);
  process.send?.({ transport: mounted.transport });
  await closed;
  await mounted.unmount({ busyMs: 0 });
} catch (error) {
  process.send?.({ error: explain(error) });
  process.disconnect();
}
