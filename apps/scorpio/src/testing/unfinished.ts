import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** A request that has begun and does not end. The daemon has read its head when this resolves. */
export async function unfinished(
  url: string,
  head: string,
): Promise<Socket & { said: () => string }> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  await once(socket, 'connect');
  let said = '';
  socket.setEncoding('utf8').on('data', (text: string) => (said += text));
  socket.on('error', () => {});
  await new Promise<void>((resolve) => socket.write(head, () => resolve()));
  // It takes a turn to accept the connection and one to read from it; these came later, and each takes one at least.
  for (let i = 0; i < 3; i++) await (await fetch(`${url}/health`)).text();
  return Object.assign(socket, { said: () => said });
}
