import type { Oid } from '@scorpiofs/objects';
import type { Store } from '../store.js';
import type { Tier } from './tier.js';

/** A `Store` as a tier. What it holds was checked when it came in. */
export class DiskTier implements Tier {
  readonly name = 'disk';
  readonly verifies = true;

  constructor(readonly store: Store) {}

  has(oid: Oid): boolean {
    return this.store.hasContent(oid);
  }

  get(oid: Oid): Uint8Array | undefined {
    using lease = this.store.openBlob(oid);
    const size = lease?.size ?? this.store.size(oid);
    if (size === undefined) return undefined;
    const data = Buffer.allocUnsafe(size);
    return this.store.readContent(oid, 0, data) === size ? data : undefined;
  }

  put(oid: Oid, data: Uint8Array): Promise<void> {
    return this.store.addContent(oid, data);
  }
}
