// The process of an embedded server: its work (git, hashing, packing) must not take the daemon's event loop. It ends with the daemon, however that ends:
// the channel between them closes.
import { once } from 'node:events';
import { startMonoServer } from '@scorpiofs/mono-server';
import { explain } from '../command-error.js';
import type { EmbeddedAnswer, EmbeddedOptions } from './embedded-message.js';

// Ctrl-C in a terminal reaches every process of it; the daemon still reads while it unmounts.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {});

function answer(message: EmbeddedAnswer): void {
  process.send?.(message);
}

const closed = once(process, 'disconnect');
const [options] = (await once(process, 'message')) as [EmbeddedOptions];
try {
  const server = await startMonoServer(options);
  answer({ url: server.url });
  await closed;
  await server.close();
} catch (error) {
  const { message, hint } = explain(error);
  answer({ error: { code: 'EMBEDDED_SERVER', message, hint: hint ?? 'Run `scorpio doctor`.' } });
  process.disconnect();
}
