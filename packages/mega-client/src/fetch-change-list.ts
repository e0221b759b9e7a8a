import { parseOid, type Oid, type RepoPath, type RequestOptions } from '@scorpiofs/objects';
import { checkLink } from './change-list-link.js';
import { broken, missing, quote } from './failures.js';
import { gitPath } from './git-address.js';
import { git } from './git-process.js';
import { changeListHead } from './refs.js';
import type { Wire } from './wire.js';

export interface FetchedChangeList {
  /** The commit that `refs/cl/<LINK>` names; a merge commit once the change list is merged. */
  readonly commit: Oid;
  /** Its tree: the change list's directory as the change list leaves it, modes included. */
  readonly tree: Oid;
  /** A bare repository with all its objects. */
  readonly gitDir: string;
}

/**
 * Fetches a change list's commit into the bare repository `gitDir`, which is made where it is not there yet: the only way
 * to its exact tree, modes included (mega: 2.3). By `git fetch` of a named ref into an initialised repository, since a
 * clone may fail (C24); protocol 0, no depth, no filter (C21). The caller owns `gitDir`.
 *
 * Rejects as `missing` where the directory has no such change list.
 */
export async function fetchChangeList(
  wire: Wire,
  question: { readonly directory: RepoPath; readonly link: string; readonly gitDir: string },
  options: RequestOptions = {},
): Promise<FetchedChangeList> {
  const { directory, link, gitDir } = question;
  const { signal } = options;
  const ref = `refs/cl/${checkLink(link)}`;
  const what = `change list ${link} of ${quote(directory)}`;
  const head = await changeListHead(wire, directory, link, options);
  if (head === undefined) throw missing(what);
  await git(['init', '--quiet', '--bare', gitDir], { signal });
  await git(
    [
      `--git-dir=${gitDir}`,
      ...['protocol.version=0', 'protocol.allow=never', 'http.followRedirects=false'].flatMap(flag),
      ...['protocol.http.allow=always', 'protocol.https.allow=always'].flatMap(flag),
      ...['credential.helper=', 'gc.auto=0', 'maintenance.auto=false'].flatMap(flag),
      // Silence ends it, length does not (D7).
      ...['http.lowSpeedLimit=1', `http.lowSpeedTime=${seconds(wire.limits.idle)}`].flatMap(flag),
      'fetch',
      '--quiet',
      '--no-tags',
      '--no-write-fetch-head',
      '--force',
      '--',
      wire.baseUrl + gitPath(directory),
      `${ref}:${ref}`,
    ],
    { signal, secrets: headersOf(wire) },
  );
  const commit = await resolve(gitDir, ref, signal);
  // A push in between is no failure, but what is returned must be what is there.
  const tree = await resolve(gitDir, `${commit}^{tree}`, signal);
  return { commit, tree, gitDir };
}

async function resolve(gitDir: string, name: string, signal?: AbortSignal): Promise<Oid> {
  const output = await git([`--git-dir=${gitDir}`, 'rev-parse', '--verify', '--quiet', name], {
    signal,
  });
  try {
    return parseOid(output.toString().trim());
  } catch (error) {
    throw broken(name, 'git does not find it after the fetch', error);
  }
}

function flag(setting: string): readonly string[] {
  return ['-c', setting];
}

function seconds(milliseconds: number): number {
  return Math.max(1, Math.ceil(milliseconds / 1000));
}

/** The same headers as on every other request, their values out of sight of the list of processes. */
function headersOf({ token, headers }: Wire): readonly (readonly [string, string])[] {
  const all = { ...headers, ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) };
  return Object.entries(all)
    .filter(([name]) => name !== 'user-agent')
    .map(([name, value]) => ['http.extraHeader', `${name}: ${value}`]);
}
