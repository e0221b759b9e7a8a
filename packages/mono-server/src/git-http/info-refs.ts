import type { Handler } from '../http/context.js';
import { HttpFailure } from '../http/failure.js';
import { query } from '../http/query.js';
import { sendBytes } from '../http/reply.js';
import type { ServerContext } from '../server-context.js';
import { FLUSH, pktLine } from './pkt-line.js';
import { refsOf } from './refs-of.js';
import { repositoryPath } from './repository-url.js';

/** Exactly those of §2.2, for any `Git-Protocol` header (M38). */
const CAPABILITIES = {
  'git-upload-pack':
    'multi_ack_detailed no-done include-tag side-band-64k ofs-delta agent=mega/0.1.0',
  'git-receive-pack':
    'report-status report-status-v2 delete-refs quiet atomic no-thin side-band-64k ofs-delta agent=mega/0.1.0',
} as const;

export const NO_CACHE = { 'cache-control': 'no-cache, max-age=0, must-revalidate' };
const ZERO = '0'.repeat(40);

/** GET …/info/refs: the advertisement of protocol version 0. */
export const getInfoRefs =
  ({ mono, shallow }: ServerContext): Handler =>
  async (c) => {
    const { service } = query(c, 'service');
    if (service !== 'git-upload-pack' && service !== 'git-receive-pack')
      throw new HttpFailure(400, 'Bad request: the parameter service is missing or unknown');
    const path = repositoryPath(c, '/info/refs');
    const { head, refs } = await refsOf(mono, path, service);
    const lines = [pktLine(`# service=${service}\n`), FLUSH];
    const named = head === undefined ? [] : [['HEAD', head] as const, ...refs];
    const first = named[0] ?? (['capabilities^{}', ZERO] as const);
    lines.push(pktLine(`${first[1]} ${first[0]}\0${CAPABILITIES[service]}\n`));
    for (const [name, oid] of named.slice(1)) lines.push(pktLine(`${oid} ${name}\n`));
    // A borrowed shallow repository ends there; without these lines a client would miss the parents.
    if (service === 'git-upload-pack' && (path === '/' || mono.isBelowImportDir(path)))
      for (const oid of shallow) lines.push(pktLine(`shallow ${oid}`));
    lines.push(FLUSH);
    const type = { 'content-type': `application/x-${service}-advertisement` };
    return sendBytes(c, 200, { ...type, ...NO_CACHE }, Buffer.concat(lines));
  };
