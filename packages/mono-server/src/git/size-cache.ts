/** Sizes by object id. When full, the older half goes. */
export class SizeCache {
  readonly #max: number;
  #young = new Map<string, number>();
  #old = new Map<string, number>();

  constructor(max: number) {
    this.#max = max;
  }

  get(oid: string): number | undefined {
    return this.#young.get(oid) ?? this.#old.get(oid);
  }

  set(oid: string, size: number): void {
    if (this.#young.size >= this.#max / 2) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(oid, size);
  }
}
