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
