import { createServer } from 'node:net';
import { errorCode, osReason, parseAddress } from '@scorpiofs/config';
import { ok, warn, type Finding } from './check.js';

async function bind(host: string, port: number): Promise<void> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve()));
  });
}

async function answersHealth(host: string, port: number): Promise<boolean> {
  const any =
    host === '0.0.0.0'
      ? '127.0.0.1'
      : host === '::'
        ? '[::1]'
        : host.includes(':')
          ? `[${host}]`
          : host;
  try {
    const response = await fetch(`http://${any}:${port}/health`, {
      signal: AbortSignal.timeout(2000),
    });
    const body: unknown = await response.json();
    return typeof body === 'object' && body !== null && 'uptime_secs' in body;
  } catch {
    return false;
  }
}

/** Whether the address of the HTTP server is free, or a daemon of ours is there already. */
export async function httpAddress(text: string): Promise<Finding> {
  const name = 'http address';
  const address = parseAddress(text);
  if (address === undefined) return warn(name, `${text} is no address`);
  try {
    await bind(address.host, address.port);
    return ok(name, `${text} is free`);
  } catch (error) {
    if (errorCode(error) === 'EADDRINUSE' && (await answersHealth(address.host, address.port)))
      return ok(name, `${text} is served by a running daemon`);
    return warn(
      name,
      `${text} cannot be bound: ${osReason(error)}`,
      'Choose another address with --http-addr or http_addr.',
    );
  }
}
