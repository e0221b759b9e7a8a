import { setTimeout as sleep } from 'node:timers/promises';
import { View, type ViewOptions } from '@scorpiofs/dicfuse';
import { nameToUtf8, type Name } from '@scorpiofs/fuse';
import type { MegaClient } from '@scorpiofs/mega-client';
import { SourceError, type Revision } from '@scorpiofs/objects';
import type { Store } from '@scorpiofs/store';
import { explain } from '../command-error.js';
import type { Log } from '../log/logger.js';
import { KnownHead } from './known-head.js';

const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 30_000;

export interface BaseViewOptions {
  readonly client: MegaClient;
  readonly store: Store;
  /** The server, or the repository behind an embedded one; under this name its last revision is remembered. */
  readonly origin: string;
  /** Keeps the node numbers of this mount apart from others in the same store. */
  readonly namespace: string;
  readonly readable: boolean;
  readonly owner: { readonly uid?: number | undefined; readonly gid?: number | undefined };
  readonly log: Log;
  /** Ends the waiting for a server. */
  readonly signal: AbortSignal;
  /** Told each time that no view could be had, and why. */
  readonly waiting: (reason: string) => void;
}

/** One line for a directory, however many names it is about. */
export function droppedLog(log: Log): NonNullable<ViewOptions['onDropped']> {
  return (path, dropped) =>
    log.warn('a directory has names that cannot be shown; they are left out', {
      path: nameToUtf8(path as Name),
      count: dropped.length,
      first: JSON.stringify(dropped[0]?.name.slice(0, 80)),
      problem: dropped[0]?.problem,
    });
}

async function openAt(options: BaseViewOptions, revision: Revision): Promise<View> {
  const { client, store, namespace, owner, readable, signal } = options;
  return View.open({
    source: client,
    store,
    revision,
    namespace,
    readable,
    signal,
    onDropped: droppedLog(options.log),
    ...(owner.uid !== undefined && { uid: owner.uid }),
    ...(owner.gid !== undefined && { gid: owner.gid }),
  });
}

/** The newest revision, or, while the server does not answer, the one that was shown last, as far as it is stored. */
async function attempt(options: BaseViewOptions, known: KnownHead): Promise<View> {
  const { client, signal, log } = options;
  let revision: Revision;
  try {
    revision = await client.head({ signal });
  } catch (error) {
    const last = known.read();
    if (last === undefined || signal.aborted) throw error;
    const view = await openAt(options, last).catch(() => undefined);
    if (view === undefined) throw error;
    log.warn('the server does not answer: serving what is stored of the revision shown last', {
      revision: last.commit,
      reason: explain(error).message,
    });
    return view;
  }
  const view = await openAt(options, revision);
  known.write(revision);
  return view;
}

/**
 * A view whose first listing can be served (D6). A server that does not answer is asked again until it does, with pauses that grow to half a minute;
 * the daemon is up meanwhile (SRV-11). Rejects when `signal` is aborted, and for what asking again cannot mend.
 */
export async function openBaseView(options: BaseViewOptions): Promise<View> {
  const known = new KnownHead(options.store, options.origin);
  let pause = FIRST_PAUSE_MS;
  for (;;) {
    try {
      return await attempt(options, known);
    } catch (error) {
      options.signal.throwIfAborted();
      const cause =
        error instanceof Error && error.cause instanceof SourceError ? error.cause : error;
      if (!(cause instanceof SourceError)) throw error;
      const { message } = explain(cause);
      options.waiting(message);
      options.log.warn('no view of the server yet; asking again', {
        reason: message,
        kind: cause.kind,
        pause_ms: pause,
        hint: 'start the server, or check base_url; `scorpio doctor` shows what answers there',
      });
      await sleep(pause, undefined, { signal: options.signal });
      pause = Math.min(pause * 2, LONGEST_PAUSE_MS);
    }
  }
}
