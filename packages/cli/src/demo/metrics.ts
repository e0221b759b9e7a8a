import { setTimeout } from 'node:timers/promises';

/** What a daemon has done so far, from its `/metrics`. */
export interface Figures {
  /** Requests to the server, and bytes of its answers. */
  readonly requests: number;
  readonly received: number;
  /** Contents brought into the store. */
  readonly contents: number;
  readonly contentBytes: number;
  /** Requests of the kernel. */
  readonly kernel: number;
}

function sum(text: string, name: string): number {
  const lines = text.matchAll(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)$`, 'gm'));
  return [...lines].reduce((all, [, value]) => all + Number(value), 0);
}

export async function figures(url: string): Promise<Figures> {
  const response = await fetch(`${url}/metrics`, { signal: AbortSignal.timeout(5000) });
  const text = await response.text();
  return {
    requests: sum(text, 'scorpio_server_requests_total'),
    received: sum(text, 'scorpio_server_received_bytes_total'),
    contents: sum(text, 'scorpio_store_added_contents_total'),
    contentBytes: sum(text, 'scorpio_store_added_bytes_total'),
    kernel: sum(text, 'scorpio_fuse_requests_total'),
  };
}

const REST_MS = 100;
const LONGEST_REST_MS = 5000;

/** The figures once no more of the server's answers arrive: what was asked for ahead belongs to what set it going. */
export async function figuresAtRest(url: string): Promise<Figures> {
  const limit = performance.now() + LONGEST_REST_MS;
  let last = await figures(url);
  while (performance.now() < limit) {
    await setTimeout(REST_MS);
    const now = await figures(url);
    if (now.received === last.received && now.contents === last.contents) return now;
    last = now;
  }
  return last;
}
