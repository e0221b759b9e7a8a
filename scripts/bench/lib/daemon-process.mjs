// The daemon as `serve` composes it, in a process of its own: node daemon-process.mjs URL STORE MOUNTPOINT.
// Sends { mountMs } once mounted, and what it counted when asked; unmounts and ends with its parent.
import { setFlagsFromString } from 'node:v8';

// As the programs in `apps` do, before anything is loaded.
setFlagsFromString('--semi-space-growth-factor=1');
const { MegaClient } = await import('../../../packages/mega-client/dist/index.js');
const { View } = await import('../../../packages/dicfuse/dist/index.js');
const { Store } = await import('../../../packages/store/dist/index.js');
const { mount } = await import('../../../packages/fuse/dist/index.js');

const [baseUrl, storePath, mountpoint] = process.argv.slice(2);
const start = performance.now();
const source = new MegaClient({ baseUrl });
const store = await Store.open(storePath);
const view = await View.open({ source, store, revision: await source.head() });
const mounted = await mount(view.fileSystem, mountpoint, { readOnly: true });
process.send({ mountMs: performance.now() - start });
process.on('message', () => {
  const requests = Object.values(mounted.stats.requests).reduce((a, b) => a + b, 0);
  process.send({ requests, source: source.stats() });
});
process.on('disconnect', () => void mounted.unmount());
await mounted.closed;
await view.close();
await store.close();
await source.close();
process.exit();
