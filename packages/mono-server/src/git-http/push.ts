import type { Quarantine } from './quarantine.js';

/** A push whose objects are in quarantine and complete. */
export interface Push {
  readonly path: string;
  readonly user: string;
  readonly quarantine: Quarantine;
  /** Commits that were here before. */
  readonly known: readonly string[];
  readonly capabilities: ReadonlySet<string>;
}
