import type { AntaresPart } from '../antares/open-antares.js';
import type { View } from '@scorpiofs/dicfuse';
import type { Mounted } from '@scorpiofs/fuse';
import type { Sample } from '@scorpiofs/http-api';
import type { MegaClient } from '@scorpiofs/mega-client';
import type { Store } from '@scorpiofs/store';

export interface Sampled {
  readonly client?: MegaClient | undefined;
  readonly store?: Store | undefined;
  readonly view?: View | undefined;
  readonly mounted?: Mounted | undefined;
  readonly antares?: AntaresPart | undefined;
}

function* clientSamples({ client }: Sampled): Generator<Sample> {
  if (client === undefined) return;
  const stats = client.stats();
  for (const [kind, { requests, bytesReceived }] of Object.entries(stats.kinds)) {
    const labels = { kind };
    yield {
      name: 'scorpio_server_requests_total',
      help: 'Requests sent to the server.',
      value: requests,
      labels,
    };
    yield {
      name: 'scorpio_server_received_bytes_total',
      help: "Bytes of the server's answers on the wire.",
      value: bytesReceived,
      labels,
    };
  }
  yield {
    name: 'scorpio_server_retries_total',
    help: 'Requests that repeated a failed one.',
    value: stats.retries,
  };
  yield {
    name: 'scorpio_server_failures_total',
    help: 'Requests without a usable answer.',
    value: stats.failures,
  };
}

function* storeSamples({ store }: Sampled): Generator<Sample> {
  if (store === undefined) return;
  const c = store.counters;
  yield {
    name: 'scorpio_store_hits_total',
    help: 'Listings and reads answered by the store.',
    value: c.hits,
  };
  yield {
    name: 'scorpio_store_misses_total',
    help: 'Listings and reads that were not in the store.',
    value: c.misses,
  };
  yield {
    name: 'scorpio_store_added_contents_total',
    help: 'Contents brought into the store.',
    value: c.added,
  };
  yield { name: 'scorpio_store_added_bytes_total', help: 'Bytes of them.', value: c.addedBytes };
  yield {
    name: 'scorpio_store_refused_total',
    help: 'Contents refused because they were not what their id says.',
    value: c.refused,
  };
  yield {
    name: 'scorpio_store_evicted_bytes_total',
    help: 'Bytes let go for room.',
    value: c.evictedBytes,
  };
}

function* mountSamples({ view, mounted }: Sampled): Generator<Sample> {
  if (view !== undefined) {
    const { directories, loadedEntries, coming } = view.stats();
    yield {
      name: 'scorpio_view_directories',
      help: 'Directories that the kernel holds.',
      value: directories,
    };
    yield {
      name: 'scorpio_view_loaded_entries',
      help: 'Entries of listings in memory.',
      value: loadedEntries,
    };
    yield {
      name: 'scorpio_view_coming',
      help: 'Listings and contents on their way.',
      value: coming,
    };
  }
  if (mounted !== undefined) yield* fuseSamples('workspace', mounted.stats);
}

function* fuseSamples(mount: string, stats: Mounted['stats']): Generator<Sample> {
  for (const [op, count] of Object.entries(stats.requests))
    yield {
      name: 'scorpio_fuse_requests_total',
      help: 'Requests of the kernel.',
      value: count,
      labels: { mount, op },
    };
  yield {
    name: 'scorpio_fuse_in_flight',
    help: 'Requests of the kernel that wait.',
    value: stats.inFlight,
    labels: { mount },
  };
}

const STATES = ['Provisioning', 'Mounted', 'Ready', 'Quiescing', 'Unmounting', 'Failed'];

function* antaresSamples({ antares: part }: Sampled): Generator<Sample> {
  if (part === undefined) return;
  const { antares, base } = part;
  const states = antares.list().map(({ state }) => (typeof state === 'string' ? state : 'Failed'));
  for (const state of STATES)
    yield {
      name: 'scorpio_antares_jobs',
      help: 'Jobs by state.',
      value: states.filter((one) => one === state).length,
      labels: { state },
    };
  yield {
    name: 'scorpio_antares_open_uppers',
    help: 'Uppers that a mounted view writes to.',
    value: states.filter((one) => one === 'Ready' || one === 'Mounted').length,
  };
  const { revisions, directories, loadedEntries } = base.stats();
  yield {
    name: 'scorpio_base_revisions',
    help: 'Revisions that views are pinned to.',
    value: revisions,
  };
  yield {
    name: 'scorpio_base_directories',
    help: 'Directories of the base that the kernel holds.',
    value: directories,
  };
  yield {
    name: 'scorpio_base_loaded_entries',
    help: "Entries of the base's listings in memory.",
    value: loadedEntries,
  };
  if (base.requests !== undefined) yield* fuseSamples('base', base.requests);
}

/** What `/metrics` says about a daemon. */
export async function daemonSamples(sampled: Sampled): Promise<Sample[]> {
  return [
    ...clientSamples(sampled),
    ...storeSamples(sampled),
    ...(await storeSize(sampled)),
    ...mountSamples(sampled),
    ...antaresSamples(sampled),
  ];
}

/** Counting looks at every file of the store: not more often than this, whoever asks. */
const SIZE_MS = 15_000;
const sizes = new WeakMap<Store, { readonly at: number; readonly bytes: Promise<number> }>();

async function storeSize({ store }: Sampled): Promise<Sample[]> {
  if (store === undefined) return [];
  let known = sizes.get(store);
  if (known === undefined || performance.now() - known.at > SIZE_MS) {
    known = { at: performance.now(), bytes: store.usedBytes() };
    sizes.set(store, known);
  }
  const bytes = await known.bytes.catch(() => undefined);
  if (bytes === undefined) return [];
  return [{ name: 'scorpio_store_bytes', help: 'Bytes of the store on disk.', value: bytes }];
}
