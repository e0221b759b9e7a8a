import { AntaresError } from '@scorpiofs/antares';
import type { View } from '@scorpiofs/dicfuse';
import type { WorkspaceRefreshed } from '@scorpiofs/http-api';
import type { MegaClient } from '@scorpiofs/mega-client';
import type { Store } from '@scorpiofs/store';
import { starting } from '../antares/open-antares.js';
import { explain } from '../command-error.js';
import type { Log } from '../log/logger.js';
import { KnownHead } from './known-head.js';

interface Shown {
  readonly client?: MegaClient;
  readonly store?: Store;
  readonly view?: View;
}

/**
 * Moves the workspace to the server's newest revision: what is open keeps its content, the kernel drops what differs. A server that does
 * not answer leaves everything as it is.
 */
export async function refreshWorkspace(
  { client, store, view }: Shown,
  { origin, log }: { readonly origin: string; readonly log: Log },
): Promise<WorkspaceRefreshed> {
  if (client === undefined || store === undefined || view === undefined) throw starting();
  const previous = view.revision.commit;
  try {
    const newest = await client.head();
    if (newest.commit === view.revision.commit)
      return { revision: newest.commit, previous, directories: 0 };
    const { directories } = await view.moveTo(newest);
    new KnownHead(store, origin).write(newest);
    log.info('workspace refreshed', { previous, revision: newest.commit, directories });
    return { revision: newest.commit, previous, directories };
  } catch (error) {
    const { message, hint } = explain(error);
    throw new AntaresError(
      'INTERNAL_ERROR',
      `the workspace stays at ${view.revision.commit}: ${message}`,
      hint ?? 'Check the server, then ask again.',
      {},
      error,
    );
  }
}
