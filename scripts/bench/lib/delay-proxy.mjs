// A loopback TCP proxy that delays each direction by half a round trip; the same for every contestant.
import net from 'node:net';
import { once } from 'node:events';

/** @returns {Promise<{ port: number, connections: number, bytesDown: number, bytesUp: number, close(): Promise<void> }>} */
export async function delayProxy(targetPort, roundTripMs) {
  const half = roundTripMs / 2;
  const state = { port: 0, connections: 0, bytesDown: 0, bytesUp: 0 };
  const sockets = new Set();
  const relay = (from, to, count) => {
    from.on('data', (chunk) => {
      count(chunk.length);
      setTimeout(() => to.destroyed || to.write(chunk), half);
    });
    from.on('end', () => setTimeout(() => to.end(), half));
    from.on('error', () => to.destroy());
    from.on('close', () => setTimeout(() => to.destroy(), half * 2));
  };
  const server = net.createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
    state.connections++;
    // The handshake costs a round trip too.
    client.pause();
    setTimeout(() => {
      const upstream = net.connect({
        port: targetPort,
        host: '127.0.0.1',
        noDelay: true,
        allowHalfOpen: true,
      });
      sockets.add(upstream);
      relay(client, upstream, (n) => (state.bytesUp += n));
      relay(upstream, client, (n) => (state.bytesDown += n));
      client.resume();
    }, roundTripMs);
    sockets.add(client);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  state.port = server.address().port;
  state.close = async () => {
    for (const s of sockets) s.destroy();
    server.close();
    await once(server, 'close');
  };
  return state;
}
