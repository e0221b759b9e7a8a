import type { Handler } from '../http/context.js';
import { HttpFailure } from '../http/failure.js';
import { readBody } from '../http/request-body.js';
import { BodyWriter } from '../http/reply.js';
import type { ObjectStore } from '../git/object-store.js';
import type { ServerContext } from '../server-context.js';
import { NO_CACHE } from './info-refs.js';
import { negotiate } from './negotiate.js';
import { FLUSH, pktLine, ProtocolError, sideBand } from './pkt-line.js';
import { parseUploadRequest, type UploadRequest } from './upload-request.js';

const LIMIT = 16 * 1024 * 1024;

/** POST …/git-upload-pack. Any stored commit may be wanted, advertised or not (§2.3). */
export const postUploadPack =
  ({ mono }: ServerContext): Handler =>
  async (c) => {
    let request: UploadRequest;
    try {
      request = parseUploadRequest(await readBody(c.env.incoming, LIMIT));
    } catch (error) {
      if (error instanceof ProtocolError)
        throw new HttpFailure(400, `Bad request: ${error.message}`);
      throw error;
    }
    const { store } = mono;
    const type = { 'content-type': 'application/x-git-upload-pack-result' };
    const infos = await store.info(request.wants);
    const known = infos.every((info) => info?.type === 'commit' || info?.type === 'tag');
    const writer = new BodyWriter(c, 200, { ...type, ...NO_CACHE });
    if (!known || request.wants.length === 0) {
      await writer.write(Buffer.concat([pktLine('NAK\n'), FLUSH]));
      return writer.end();
    }
    const { lines, pack, common } = await negotiate(store, request);
    await writer.write(Buffer.concat(lines));
    if (!pack) return writer.end();
    if (store.missing !== undefined) await store.missing.complete(request.wants, common);
    return (await sendPack(store, request, common, writer)) ? writer.end() : writer.abort();
  };

async function sendPack(
  store: ObjectStore,
  { wants, capabilities }: UploadRequest,
  common: readonly string[],
  writer: BodyWriter,
): Promise<boolean> {
  const child = store.git.spawn([
    `--git-dir=${store.gitDir}`,
    'pack-objects',
    '--revs',
    '--stdout',
    '--quiet',
    ...(capabilities.has('ofs-delta') ? ['--delta-base-offset'] : []),
  ]);
  child.stdin.end([...wants, ...common.map((oid) => `^${oid}`), ''].join('\n'));
  child.stderr.resume();
  const ended = new Promise<number | null>((resolve) => {
    child.once('close', resolve);
    child.once('error', () => resolve(null));
  });
  const banded = capabilities.has('side-band-64k') || capabilities.has('side-band');
  for await (const chunk of child.stdout as AsyncIterable<Buffer>) {
    const parts = banded ? [Buffer.concat([...sideBand(1, chunk)])] : [chunk];
    for (const part of parts)
      if (!(await writer.write(part))) {
        child.kill('SIGKILL');
        await ended;
        return false;
      }
  }
  const whole = (await ended) === 0;
  if (banded) {
    if (!whole)
      await writer.write(Buffer.concat([...sideBand(3, Buffer.from('packing failed\n'))]));
    await writer.write(FLUSH);
  }
  return whole || banded;
}
