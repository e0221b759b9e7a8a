import type { Maybe } from '@scorpiofs/fuse';
import { EROFS, isErrno } from './errno.js';
import { collect } from './node-table.js';
import { run, type Op } from './run.js';
import type { OverlayState } from './state.js';
import { clearWork } from './work.js';
import { prepareIndex } from './links.js';

/**
 * Runs one operation. Nodes that it made are dropped at its end unless somebody holds them now; when several are under way,
 * at the end of the last, since one may use what another made.
 */
export function operate<T>(state: OverlayState, op: Op<T>): Maybe<T> {
  return within(state, () => run(op));
}

/** The same for one that is no generator. */
export function within<T>(state: OverlayState, work: () => Maybe<T>): Maybe<T> {
  if (state.prepared !== true) {
    const prepared = prepare(state);
    if (prepared instanceof Promise) return prepared.then(() => within(state, work));
  }
  state.active++;
  let result: Maybe<T>;
  try {
    result = work();
  } catch (error) {
    ended(state);
    throw error;
  }
  if (result instanceof Promise) return result.finally(() => ended(state));
  ended(state);
  return result;
}

function ended(state: OverlayState): void {
  state.active--;
  if (state.active > 0 || state.fresh.size === 0) return;
  for (const node of state.fresh) collect(state, node);
  state.fresh.clear();
}

function* clear(state: OverlayState): Op<void> {
  try {
    yield* prepareIndex(state);
    yield* clearWork(state);
  } catch (error) {
    // What cannot be written can be read; whoever changes something is told.
    if (!isErrno(error, EROFS)) throw error;
  }
}

/** Before the first operation: what an earlier run left half made goes. */
function prepare(state: OverlayState): Maybe<void> {
  if (state.prepared instanceof Promise) return state.prepared;
  if (state.upper === undefined) state.prepared = true;
  else {
    const cleared = run(clear(state));
    if (cleared instanceof Promise)
      state.prepared = cleared.then(
        () => void (state.prepared = true),
        (error: unknown) => {
          state.prepared = undefined;
          throw error;
        },
      );
    else state.prepared = true;
  }
  return state.prepared === true ? undefined : state.prepared;
}
