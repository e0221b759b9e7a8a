import { createHash } from 'node:crypto';
import { answers, bodyOf, replay, type Recorded } from './recorded.js';
import { serve, type TestServer } from './serve.js';

/**
 * The recorded server at one moment: before the dialogue's first change. Two questions that were not recorded follow from
 * those that were: a listing pinned to the head of that moment, and a tree guarded by an id.
 */
export async function replayServer(): Promise<TestServer> {
  const known = new Map<string, Recorded>();
  for (const item of answers) {
    const { method, path } = item.request;
    const key = keyOf(method, path);
    if (!known.has(key)) known.set(key, item);
  }
  return await serve((request, response) => {
    const { method = '', url = '' } = request;
    const exact = known.get(keyOf(method, url));
    if (exact) {
      replay(exact, response);
      return;
    }
    const bare = known.get(keyOf(method, without(url, 'refs', 'oid')));
    const oid = parameters(url).get('oid');
    const body = bare && bodyOf(bare);
    if (!bare || !body) {
      response.writeHead(404, { 'content-type': 'text/plain' }).end('Operation not supported');
    } else if (oid !== null && oid !== hash(body)) {
      response.writeHead(200, { 'content-length': 0 }).end();
    } else replay(bare, response);
  });
}

function hash(body: Buffer): string {
  return createHash('sha1').update(`tree ${body.length}\0`).update(body).digest('hex');
}

function parameters(url: string): URLSearchParams {
  return new URL(url, 'http://x').searchParams;
}

/** Percent-encoding is free: compared is what it means. */
function keyOf(method: string, url: string): string {
  const { pathname } = new URL(url, 'http://x');
  const all = [...parameters(url)].map(([name, value]) => `${name}=${value}`);
  return `${method} ${pathname}?${all.toSorted().join('&')}`;
}

function without(url: string, ...names: string[]): string {
  const parsed = new URL(url, 'http://x');
  for (const name of names) parsed.searchParams.delete(name);
  return parsed.pathname + parsed.search;
}
