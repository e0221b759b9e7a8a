import type { Handler } from '../http/context.js';
import { readJson } from '../http/request-body.js';
import { BodyWriter } from '../http/reply.js';
import type { ServerContext } from '../server-context.js';
import { errorRecord } from './error-record.js';
import { oidListSchema } from './oid-list.js';
import { streamBlobs } from './stream-blobs.js';

const END = Buffer.from([0]);

/** POST /scorpio/blobs: contents one after the other; see the README for the records. The end record's absence means "cut off". */
export const postBlobs =
  ({ mono, faults }: ServerContext): Handler =>
  async (c) => {
    const { oids } = await readJson(c, oidListSchema);
    const wanted = [...new Set(oids)];
    let fetchError: Error | undefined;
    // A clone without blobs brings in what is missing in one go before anything is sent.
    if (mono.store.missing !== undefined)
      await mono.store.sizes(wanted, true).catch((error: unknown) => {
        fetchError = error instanceof Error ? error : new Error(String(error));
      });
    const writer = new BodyWriter(c, 200, { 'content-type': 'application/x-scorpio-blobs' });
    if (fetchError !== undefined) {
      const message = fetchError.message;
      const present = await mono.store.sizes(wanted, false);
      const absent = wanted.filter((_, i) => (present[i] ?? -1) < 0);
      const here = wanted.filter((_, i) => (present[i] ?? -1) >= 0);
      if (!(await streamBlobs(mono.store, faults, here, writer))) return writer.abort();
      for (const oid of absent) await writer.write(errorRecord(oid, message));
    } else if (!(await streamBlobs(mono.store, faults, wanted, writer))) return writer.abort();
    await writer.write(END);
    return writer.end();
  };
