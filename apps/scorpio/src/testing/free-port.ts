import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';

const FIRST = 10_000;

/** A port for later: below those that the kernel hands out if it can be, so that nobody gets it by chance meanwhile. */
export async function freePort(): Promise<number> {
  const range = readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8');
  // Where it hands out nearly all of them, nobody else is likely to get just this one.
  const end = Math.max(Number(range.split(/\s+/)[0]), 2 * FIRST);
  for (;;) {
    const port = randomInt(FIRST, end);
    const server = createServer().listen(port, '127.0.0.1');
    const free = await once(server, 'listening').then(
      () => true,
      () => false,
    );
    if (!free) continue;
    server.close();
    await once(server, 'close');
    return port;
  }
}
