import type { Oid, RequestOptions } from '@scorpiofs/objects';
import { ask } from './ask.js';
import { broken } from './failures.js';
import { records, type Step } from './records.js';
import { AttemptError } from './retry.js';
import { NO_ROUTE, isExtension } from './scorpio-route.js';
import { readSize } from './size-field.js';
import type { Wire } from './wire.js';

const PATH = '/api/v1/scorpio/sizes';
const TYPE = 'application/x-scorpio-sizes';

/** `POST /api/v1/scorpio/sizes`: what the server has of `oids`; undefined where it does not know the route. */
export async function scorpioSizes(
  wire: Wire,
  oids: readonly Oid[],
  options: RequestOptions,
): Promise<ReadonlyMap<Oid, number> | undefined> {
  return await ask(
    wire,
    {
      kind: 'sizes',
      slot: 'size',
      method: 'POST',
      path: PATH,
      json: JSON.stringify({ oids }),
      limit: { idle: wire.limits.idle },
      accept: TYPE,
      compressible: true,
      accepts: NO_ROUTE,
    },
    async (answer) => {
      if (!(await isExtension({ path: PATH }, answer, TYPE))) return undefined;
      const open = new Set(oids);
      const sizes = new Map<Oid, number>();
      for await (const { oid, size } of records(answer.body, readSizeRecord, PATH)) {
        if (!open.delete(oid))
          throw new AttemptError(broken(PATH, `${oid} was not asked for, or comes twice`), 'never');
        if (size !== undefined) sizes.set(oid, size);
      }
      // The format has no end mark; what is missing shows that it was cut off.
      if (open.size > 0)
        throw new AttemptError(
          broken(PATH, `${open.size} sizes are missing in the answer`),
          'later',
        );
      return sizes;
    },
    options,
  );
}

/** Exported for its test. */
export function readSizeRecord(bytes: Buffer): Step<{ oid: Oid; size: number | undefined }> {
  if (bytes.length < 28) return { need: 28 };
  return {
    record: { oid: bytes.toString('hex', 0, 20) as Oid, size: readSize(bytes, 20) },
    length: 28,
  };
}
