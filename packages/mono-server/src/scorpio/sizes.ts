import type { Handler } from '../http/context.js';
import { readJson } from '../http/request-body.js';
import { sendBytes } from '../http/reply.js';
import type { ServerContext } from '../server-context.js';
import { oidListSchema } from './oid-list.js';

const RECORD = 28;
export const UNKNOWN_SIZE = 0xffffffffffffffffn;

/** POST /scorpio/sizes: 20 raw bytes of id and the size, u64 big-endian, per id asked; all ones where there is no such blob. */
export const postSizes =
  ({ mono }: ServerContext): Handler =>
  async (c) => {
    const { oids } = await readJson(c, oidListSchema);
    const sizes = await mono.store.sizes(oids, true);
    const body = Buffer.allocUnsafe(RECORD * oids.length);
    oids.forEach((oid, i) => {
      const size = sizes[i] ?? -1;
      body.write(oid, i * RECORD, 'hex');
      body.writeBigUInt64BE(size < 0 ? UNKNOWN_SIZE : BigInt(size), i * RECORD + 20);
    });
    return sendBytes(c, 200, { 'content-type': 'application/x-scorpio-sizes' }, body);
  };
