import type { Oid, RepoPath, RequestOptions } from '@scorpiofs/objects';
import { parseAdvertisement, type Advertisement } from './advertisement.js';
import { ask, collect } from './ask.js';
import { checkLink } from './change-list-link.js';
import { broken } from './failures.js';
import { gitPath } from './git-address.js';
import { orAborted } from './or-aborted.js';
import type { Wire } from './wire.js';

const LIMIT = 64 * 1024 * 1024;

/** C23: the question makes the server store a row, and parallel ones for one directory lose their connection (M61). */
const flights = new WeakMap<Wire, Map<string, Promise<Advertisement>>>();

/**
 * `info/refs` of a directory. Not for looking around: each first question for a directory stores something on the server.
 * A directory that does not exist looks like an empty repository (M40).
 */
export async function refs(
  wire: Wire,
  directory: RepoPath,
  options: RequestOptions = {},
): Promise<Advertisement> {
  options.signal?.throwIfAborted();
  const path = `${gitPath(directory)}/info/refs?service=git-upload-pack`;
  const running = flights.get(wire) ?? new Map<string, Promise<Advertisement>>();
  flights.set(wire, running);
  let flight = running.get(path);
  if (!flight) {
    // Shared, so not under the signal of the one who happens to be first.
    flight = advertisement(wire, path).finally(() => running.delete(path));
    running.set(path, flight);
  }
  return await orAborted(flight, options.signal);
}

/**
 * The commit of a change list, where it belongs to `directory`. A directory that was never asked for over git omits its
 * change lists in the first answer (M39), so a link that is not there is looked for once more.
 */
export async function changeListHead(
  wire: Wire,
  directory: RepoPath,
  link: string,
  options: RequestOptions = {},
): Promise<Oid | undefined> {
  const name = `refs/cl/${checkLink(link)}`;
  const first = (await refs(wire, directory, options)).refs;
  if (first.size === 0) return undefined;
  return first.get(name) ?? (await refs(wire, directory, options)).refs.get(name);
}

async function advertisement(wire: Wire, path: string): Promise<Advertisement> {
  return await ask(
    wire,
    {
      kind: 'refs',
      slot: 'listing',
      method: 'GET',
      path,
      limit: { total: wire.limits.listing },
    },
    async (answer) => {
      const body = await collect(answer, path, LIMIT);
      try {
        return parseAdvertisement(body);
      } catch (error) {
        throw broken(path, 'the answer is no list of refs', error);
      }
    },
  );
}
