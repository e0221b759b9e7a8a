import got, { type Got } from 'got';
import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import pLimit, { type LimitFunction } from 'p-limit';
import { isLoopback, parseBaseUrl } from './base-url.js';
import { Counters } from './counters.js';
import { DEFAULT_RETRY, type RetryPolicy } from './retry.js';
import { DEFAULT_LIMITS, type TimeLimits } from './time-limits.js';

export interface WireOptions {
  /** `http://host:8000` or with a path; a trailing slash does not matter. */
  readonly baseUrl: string;
  /** Sent as `Authorization: Bearer …`. The server's read routes ignore it (mega: 1.13); a proxy may want it. */
  readonly token?: string;
  /** Further headers of every request, for a proxy. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly limits?: Partial<TimeLimits>;
  readonly retry?: Partial<RetryPolicy>;
  /** Requests of one kind (listings, sizes, contents) in flight at once. Default 16. */
  readonly concurrency?: number;
  /** Whether to ask for compressed listings. Default: unless the server is on this host. */
  readonly compress?: boolean;
}

/** Everything that the requests to one server share. */
export interface Wire {
  readonly baseUrl: string;
  readonly http: Got;
  readonly headers: Readonly<Record<string, string>>;
  readonly token: string | undefined;
  readonly limits: TimeLimits;
  readonly retry: RetryPolicy;
  readonly compress: boolean;
  readonly concurrency: number;
  /** Kinds have queues of their own: a listing does not wait behind ten thousand sizes or a large file. */
  readonly slots: Readonly<Record<Slot, LimitFunction>>;
  readonly counters: Counters;
  /** Aborted by `closeWire`. */
  readonly closing: AbortController;
  readonly agents: { readonly http: HttpAgent; readonly https: HttpsAgent };
}

export type Slot = 'listing' | 'size' | 'content';

export function openWire(options: WireOptions): Wire {
  const baseUrl = parseBaseUrl(options.baseUrl);
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const concurrency = options.concurrency ?? 16;
  // The slots bound the sockets; the agent's own limit is only there so that nothing can be unbounded.
  const pool = { keepAlive: true, maxSockets: concurrency * 4, maxFreeSockets: concurrency * 3 };
  const agents = { http: new HttpAgent(pool), https: new HttpsAgent(pool) };
  const headers = { 'user-agent': 'scorpiofs-mega-client', ...options.headers };
  return {
    baseUrl,
    http: got.extend({
      agent: agents,
      headers: {
        ...headers,
        ...(options.token === undefined ? {} : { authorization: `Bearer ${options.token}` }),
      },
      // Retrying, decompression with limits, lengths and time limits are done here, per kind; got's own would be a second opinion.
      retry: { limit: 0 },
      decompress: false,
      throwHttpErrors: false,
      // A redirect would carry the token and the question elsewhere, and hides a wrong address: it is an error that names the place.
      followRedirect: false,
      timeout: {
        lookup: limits.connect,
        connect: limits.connect,
        secureConnect: limits.connect,
      },
    }),
    headers,
    token: options.token,
    limits,
    retry: { ...DEFAULT_RETRY, ...options.retry },
    compress: options.compress ?? !isLoopback(baseUrl),
    concurrency,
    slots: {
      listing: pLimit(concurrency),
      size: pLimit(concurrency),
      content: pLimit(concurrency),
    },
    counters: new Counters(),
    closing: new AbortController(),
    agents,
  };
}

export function closeWire(wire: Wire): void {
  wire.closing.abort();
  wire.agents.http.destroy();
  wire.agents.https.destroy();
}
