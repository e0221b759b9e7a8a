import type { Oid, RequestOptions } from '@scorpiofs/objects';

/**
 * A place that holds contents by object id: memory, the local disk, or something shared by many machines (an object store, a
 * remote-execution CAS). What comes out of one that does not check by itself is checked before anybody sees it.
 */
export interface Tier {
  /** For counters and messages. */
  readonly name: string;
  /** Whether `get` hands out only what hashes to its id. A network never does. */
  readonly verifies: boolean;
  has(oid: Oid, options?: RequestOptions): boolean | Promise<boolean>;
  /** The whole content; undefined: not here. A tier that fails is passed over: the next one is asked. */
  get(oid: Oid, options?: RequestOptions): Uint8Array | undefined | Promise<Uint8Array | undefined>;
  /** Called with contents that were checked. May keep it or not. */
  put(oid: Oid, data: Uint8Array): void | Promise<void>;
}
