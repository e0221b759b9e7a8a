import { constants, createGzip } from 'node:zlib';
import { once } from 'node:events';
import type { Handler } from '../http/context.js';
import { notFound } from '../http/failure.js';
import { readJson } from '../http/request-body.js';
import { BodyWriter } from '../http/reply.js';
import type { ServerContext } from '../server-context.js';
import { Chunker } from './chunker.js';
import { END } from './tree-records.js';
import { treeRequestSchema, wantPath } from './tree-request.js';
import { walkTrees, wantedNode } from './tree-walk.js';

/** POST /scorpio/trees: directories with sizes, several levels in one answer; see the README for the records. */
export const postTrees =
  ({ mono }: ServerContext): Handler =>
  async (c) => {
    const request = await readJson(c, treeRequestSchema);
    const oid = request.commit ?? mono.head;
    const commit = await mono.store.commit(oid);
    if (commit === undefined) throw notFound(`commit ${oid} not found`);
    const roots = [];
    for (const want of request.wants)
      roots.push(await wantedNode(mono, commit.tree, wantPath(want), want.oid ?? undefined));
    const zipped = /\bgzip\b/.test(c.env.incoming.headers['accept-encoding'] ?? '');
    const writer = new BodyWriter(c, 200, {
      'content-type': 'application/x-scorpio-trees',
      ...(zipped ? { 'content-encoding': 'gzip' } : {}),
    });
    const out = zipped ? gzipped(writer) : plain(writer);
    const chunker = new Chunker(64 * 1024);
    chunker.push(Buffer.from(commit.oid + commit.tree, 'hex'));
    try {
      for await (const records of walkTrees(mono, roots, request.levels, request.max_entries)) {
        for (const record of records) chunker.push(record);
        for (const chunk of chunker.take(false))
          if (!(await out.write(chunk))) return writer.abort();
      }
    } catch {
      return writer.abort();
    }
    chunker.push(END);
    for (const chunk of chunker.take(true)) if (!(await out.write(chunk))) return writer.abort();
    await out.end();
    return writer.end();
  };

interface Output {
  write(chunk: Buffer): Promise<boolean>;
  end(): Promise<void>;
}

function plain(writer: BodyWriter): Output {
  return { write: (chunk) => writer.write(chunk), end: () => Promise.resolve() };
}

/** Level 1: on a fast network the time to compress counts for more than the bytes. */
function gzipped(writer: BodyWriter): Output {
  const gzip = createGzip({ level: constants.Z_BEST_SPEED });
  let open = true;
  const pump = (async (): Promise<void> => {
    for await (const chunk of gzip as AsyncIterable<Buffer>) open &&= await writer.write(chunk);
  })();
  return {
    write: async (chunk) => {
      if (!gzip.write(chunk)) await once(gzip, 'drain');
      return open;
    },
    end: async () => {
      gzip.end();
      await pump;
    },
  };
}
