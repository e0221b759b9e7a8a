import type { IncomingMessage } from 'node:http';
import { hostname, networkInterfaces } from 'node:os';
import type { Context } from 'hono';

/** Addresses of this host, without a zone. */
export function ownAddresses(): Set<string> {
  const found = new Set(['127.0.0.1', '::1']);
  for (const list of Object.values(networkInterfaces()))
    for (const { address } of list ?? []) found.add(address.replace(/%.*$/, ''));
  return found;
}

/** Whether an address is loopback or one of this host's own. */
export function isOwnAddress(address: string): boolean {
  const plain = address.replace(/^::ffff:(?=\d+\.)/, '').replace(/%.*$/, '');
  return plain.startsWith('127.') || ownAddresses().has(plain);
}

/** Whether a request comes from this host: over the Unix socket, or from an address of its own. */
export function isLocal(c: Context): boolean {
  const { incoming } = c.env as { readonly incoming?: IncomingMessage };
  const socket = incoming?.socket;
  if (socket === undefined) return false;
  // A connection to a Unix socket has no address at either end.
  if (socket.localAddress === undefined) return true;
  return socket.remoteAddress !== undefined && isOwnAddress(socket.remoteAddress);
}

/** Whether the `Host` of a request names this host: no other name may be pointed at a loopback address. */
export function isOwnHost(host: string): boolean {
  const name = host
    .replace(/:\d*$/, '')
    .replace(/^\[(.*)\]$/, '$1')
    .toLowerCase();
  return name === 'localhost' || name === hostname().toLowerCase() || isOwnAddress(name);
}
