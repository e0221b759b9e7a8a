import type { Faults } from './faults/faults.js';
import type { Follower } from './mono/follower.js';
import type { Monorepo } from './mono/monorepo.js';
import type { MonoServerOptions } from './options.js';

/** What request handlers share. */
export interface ServerContext {
  readonly mono: Monorepo;
  readonly faults: Faults;
  readonly options: MonoServerOptions;
  /** Awaited before an answer about what is newest. */
  readonly follower: Follower;
  /** Commits of borrowed shallow repositories whose parents are not there. */
  readonly shallow: readonly string[];
  /** Where clients reach the server, without trailing slash. */
  readonly baseUrl: () => string;
}
