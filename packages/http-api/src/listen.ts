import { chmodSync, lstatSync, unlinkSync } from 'node:fs';
import type { Server } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { createAdaptorServer } from '@hono/node-server';
import { formatAddress, osReason, type Address } from '@scorpiofs/config';
import type { Hono } from 'hono';

/** The address cannot be had; nothing was started. */
export class BindError extends Error {
  override readonly name = 'BindError';
  readonly code = 'HTTP_BIND';
  readonly hint =
    'Choose another address with --http-addr or http_addr (port 0 takes a free one), or stop the program that has it.';
}

export interface Listening {
  /** The address that was taken: the real port where 0 was asked for. */
  readonly address: Address;
  /** `http://IP:PORT` under which this host reaches it. */
  readonly url: string;
  /**
   * Takes no more connections, lets requests under way end for at most `ms`, and then cuts them off. `false`: some were cut off.
   */
  close(ms: number): Promise<boolean>;
}

async function bind(server: Server, address: Address): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const refused = (error: Error): void => {
      const message = `failed to bind HTTP address ${formatAddress(address)}: ${osReason(error)}`;
      reject(new BindError(message, { cause: error }));
    };
    server.once('error', refused);
    server.listen({ ...address, exclusive: true }, () => {
      server.off('error', refused);
      resolve();
    });
  });
}

async function closeServer(server: Server, ms: number): Promise<boolean> {
  let drained = true;
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  // A connection whose last request ends now would otherwise stay until its keep-alive time is over.
  const idle = setInterval(() => server.closeIdleConnections(), 20);
  const limit = setTimeout(() => {
    drained = false;
    server.closeAllConnections();
  }, ms);
  await closed;
  clearTimeout(limit);
  clearInterval(idle);
  return drained;
}

const LOCAL: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '::': '::1' };

/** Starts an HTTP server for `app`. Resolves when the address is taken. Throws `BindError`. */
export async function listen(app: Hono, address: Address): Promise<Listening> {
  // Without options it is a plain HTTP/1.1 server; the type leaves HTTP/2 open.
  const server = createAdaptorServer({ fetch: app.fetch }) as Server;
  await bind(server, address);
  const { port } = server.address() as AddressInfo;
  const taken = { host: address.host, port };
  const local = { host: LOCAL[address.host] ?? address.host, port };
  let closing: Promise<boolean> | undefined;
  return {
    address: taken,
    url: `http://${formatAddress(local)}`,
    close: (ms) => (closing ??= closeServer(server, ms)),
  };
}

export interface SocketListening {
  readonly path: string;
  /** As of `Listening`; the socket's file goes. */
  close(ms: number): Promise<boolean>;
}

/** What fits into `sockaddr_un`. */
const LONGEST_SOCKET_PATH = 107;

/** Serves `app` on a Unix socket that only this user can use. One that a dead daemon has left is replaced. Throws `BindError`. */
export async function listenSocket(app: Hono, path: string): Promise<SocketListening> {
  // A longer path is cut off in silence by libuv, and another place listened on.
  if (Buffer.byteLength(path) > LONGEST_SOCKET_PATH)
    throw new BindError(`failed to bind ${path}: longer than ${LONGEST_SOCKET_PATH} bytes`);
  if (await answers(path))
    throw new BindError(`failed to bind ${path}: another daemon listens there`);
  const there = lstatSync(path, { throwIfNoEntry: false });
  if (there?.isSocket() === false)
    throw new BindError(`failed to bind ${path}: something else is there`);
  if (there !== undefined) unlinkSync(path);
  const server = createAdaptorServer({ fetch: app.fetch }) as Server;
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) =>
      reject(new BindError(`failed to bind ${path}: ${osReason(error)}`, { cause: error })),
    );
    // The file is made within this call, so nobody gets in before its mode is right.
    const before = process.umask(0o177);
    try {
      server.listen({ path }, resolve);
    } finally {
      process.umask(before);
    }
  });
  chmodSync(path, 0o600);
  let closing: Promise<boolean> | undefined;
  return { path, close: (ms) => (closing ??= closeServer(server, ms)) };
}

/** Whether somebody listens on a socket. */
async function answers(path: string): Promise<boolean> {
  return await new Promise((resolve) => {
    const socket = connect({ path });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
