import type { Oid } from './oid.js';
import { SourceError } from './source-error.js';
import type { RepoPath } from './source.js';

/**
 * Some of the directories asked for in one call failed; all others were yielded before this is thrown. As an error it
 * stands for the first failure.
 */
export class TreesError extends SourceError {
  constructor(readonly failures: ReadonlyMap<RepoPath, SourceError>) {
    const [first] = failures.values();
    super(first?.kind ?? 'broken', first?.message ?? 'no directory failed', {
      cause: first,
      ...(first?.status === undefined ? {} : { status: first.status }),
      timedOut: first?.timedOut ?? false,
    });
  }
}

/** Some of the sizes asked for in one call could not be had; `sizes` holds the others. */
export class SizesError extends SourceError {
  constructor(
    readonly sizes: ReadonlyMap<Oid, number>,
    readonly failures: ReadonlyMap<Oid, SourceError>,
  ) {
    const [first] = failures.values();
    super(first?.kind ?? 'broken', first?.message ?? 'no size failed', {
      cause: first,
      ...(first?.status === undefined ? {} : { status: first.status }),
      timedOut: first?.timedOut ?? false,
    });
  }
}
