/** What a request is for. */
export type RequestKind =
  | 'status'
  | 'head'
  | 'listing'
  | 'trees'
  | 'size'
  | 'sizes'
  | 'blob'
  | 'blobs'
  | 'capabilities'
  | 'change-list'
  | 'lfs'
  | 'refs';

export interface KindStats {
  /** Requests sent, repeated ones included. */
  readonly requests: number;
  /** Bytes of request bodies. */
  readonly bytesSent: number;
  /** Bytes of answers' bodies as they came over the wire, before decompression. */
  readonly bytesReceived: number;
}

export interface MegaStats {
  readonly kinds: Readonly<Partial<Record<RequestKind, KindStats>>>;
  readonly requests: number;
  readonly bytesSent: number;
  readonly bytesReceived: number;
  /** Requests that repeated a failed one; they are among `requests`, too. */
  readonly retries: number;
  /** Requests that ended without a usable answer: no answer, a status of failure, a broken body. */
  readonly failures: number;
}

interface Tally {
  requests: number;
  bytesSent: number;
  bytesReceived: number;
}

export class Counters {
  readonly #kinds = new Map<RequestKind, Tally>();
  #retries = 0;
  #failures = 0;

  sent(kind: RequestKind, bytes: number): void {
    const tally = this.#of(kind);
    tally.requests += 1;
    tally.bytesSent += bytes;
  }

  received(kind: RequestKind, bytes: number): void {
    this.#of(kind).bytesReceived += bytes;
  }

  retried(): void {
    this.#retries += 1;
  }

  failed(): void {
    this.#failures += 1;
  }

  snapshot(): MegaStats {
    const total: Tally = { requests: 0, bytesSent: 0, bytesReceived: 0 };
    const kinds: Partial<Record<RequestKind, KindStats>> = {};
    for (const [kind, tally] of this.#kinds) {
      kinds[kind] = { ...tally };
      total.requests += tally.requests;
      total.bytesSent += tally.bytesSent;
      total.bytesReceived += tally.bytesReceived;
    }
    return { kinds, ...total, retries: this.#retries, failures: this.#failures };
  }

  #of(kind: RequestKind): Tally {
    const known = this.#kinds.get(kind);
    if (known) return known;
    const fresh = { requests: 0, bytesSent: 0, bytesReceived: 0 };
    this.#kinds.set(kind, fresh);
    return fresh;
  }
}
