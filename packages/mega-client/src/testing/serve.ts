import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

/** A real HTTP server on loopback whose answers a test decides, faults included. */
export interface TestServer {
  readonly url: string;
  /** `GET /path?query` of everything asked, in order. */
  readonly asked: string[];
  /** Connections accepted so far. */
  readonly connections: () => number;
  /** Connections open now. */
  readonly open: () => number;
  close(): Promise<void>;
}

export type Handler = (
  request: IncomingMessage,
  response: ServerResponse,
  /** Body of the request. */
  body: string,
) => void | Promise<void>;

export async function serve(handler: Handler, port = 0): Promise<TestServer> {
  const asked: string[] = [];
  const sockets = new Set<Socket>();
  let accepted = 0;
  const server: Server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
    const pieces: Buffer[] = [];
    request.on('data', (piece: Buffer) => pieces.push(piece));
    request.on('end', () => {
      asked.push(`${request.method} ${request.url}`);
      void handler(request, response, Buffer.concat(pieces).toString());
    });
  });
  server.on('connection', (socket) => {
    accepted += 1;
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => {
    server.listen(port, '127.0.0.1', resolve);
  });
  const address = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${address.port}`,
    asked,
    connections: () => accepted,
    open: () => sockets.size,
    close: async () => {
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
    },
  };
}
