const OVERHEAD = 200;

/** Tree bodies by object id, bounded by bytes. When full, the older half goes. */
export class TreeCache {
  readonly #maxBytes: number;
  #bytes = 0;
  #young = new Map<string, Buffer>();
  #old = new Map<string, Buffer>();

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get(oid: string): Buffer | undefined {
    return this.#young.get(oid) ?? this.#old.get(oid);
  }

  set(oid: string, body: Buffer): void {
    const cost = body.length + OVERHEAD;
    if (cost > this.#maxBytes / 4) return;
    if (this.#bytes + cost > this.#maxBytes / 2) {
      this.#old = this.#young;
      this.#young = new Map();
      this.#bytes = 0;
    }
    this.#young.set(oid, body);
    this.#bytes += cost;
  }
}
