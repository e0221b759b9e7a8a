import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { isOid, SourceError, type Oid } from '@scorpiofs/objects';
import { blobBytes } from './blob.js';
import { blobSize } from './blob-size.js';
import { contentHash, dirHash } from './content-hash.js';
import { fileTree } from './file-tree.js';
import { latestCommit } from './latest-commit.js';
import { answers, bodyOf, replay, type Recorded } from './testing/recorded.js';
import { serve, type TestServer } from './testing/serve.js';
import { closeWire, openWire, type Wire } from './wire.js';

/** Whatever is asked, the answer is `current`: so every recorded answer meets the reader of its route. */
let current: Recorded;
let server: TestServer;
let wire: Wire;

beforeAll(async () => {
  server = await serve((_, response) => replay(current, response));
  wire = openWire({ baseUrl: server.url, retry: { attempts: 1 } });
});

afterAll(async () => {
  closeWire(wire);
  await server.close();
});

const KINDS: Readonly<Record<number, string>> = { 404: 'missing', 400: 'refused', 401: 'refused' };

/** Readable answers have a body that was kept; the others are errors, whose kind follows from the status. */
async function meet(item: Recorded, ask: () => Promise<unknown>): Promise<unknown> {
  current = item;
  const { status } = item.answer;
  if (status === 200) return await ask();
  const error: unknown = await ask().then(
    (value) => value,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(SourceError);
  const kind = status === undefined ? 'unreachable' : (KINDS[status] ?? 'broken');
  expect(error).toMatchObject({ kind });
  return undefined;
}

function of(prefix: string, method = 'GET'): Recorded[] {
  return answers.filter(
    ({ request, answer }) =>
      request.method === method && request.path.startsWith(prefix) && answer.sha256 === undefined,
  );
}

interface RawEntry {
  readonly name: string;
  readonly content_type: string;
  readonly oid: string;
}

function rawEntries(item: Recorded): readonly RawEntry[] {
  return (item.answer.json as { data: readonly RawEntry[] }).data;
}

describe('every recorded answer of a route is understood', () => {
  const listings = of('/api/v1/tree/content-hash');
  test.each(listings.map((item) => [item.id, item] as const))(
    '%s (M06, M08, C02)',
    async (_, item) => {
      const found = await meet(item, () => contentHash(wire, '/', undefined));
      if (item.answer.status !== 200) return;
      const expected = rawEntries(item).map(({ name, content_type, oid }) => ({
        name: Buffer.from(name).toString('latin1'),
        directory: content_type === 'directory',
        oid,
      }));
      expect(found).toEqual(expected);
    },
  );

  test.each(of('/api/v1/tree/dir-hash').map((item) => [item.id, item] as const))(
    '%s (M09, M10)',
    async (_, item) => {
      const found = await meet(item, () => dirHash(wire, '/', undefined));
      if (item.answer.status === 200) expect(found).toBe(rawEntries(item)[0]?.oid);
    },
  );

  const trees = [...of('/api/v1/file/tree')];
  test.each(trees.map((item) => [item.id, item] as const))(
    '%s (M22, M23, M24)',
    async (_, item) => {
      const found = await meet(item, () => fileTree(wire, '/', undefined));
      if (item.answer.status !== 200) return;
      if (bodyOf(item)?.length === 0) expect(found).toBeUndefined();
      else expect(found).toMatchObject({ hash: expect.any(String) });
    },
  );

  test.each(of('/api/v1/latest-commit').map((item) => [item.id, item] as const))(
    '%s (M14)',
    async (_, item) => {
      const found = await meet(item, () => latestCommit(wire));
      if (item.answer.status !== 200) return;
      const raw = item.answer.json as { oid: string; date: string; short_message: string };
      expect(found).toMatchObject({
        oid: raw.oid,
        date: Number(raw.date),
        shortMessage: raw.short_message,
      });
    },
  );

  const any = '0123456789012345678901234567890123456789' as Oid;
  test.each(of('/api/v1/file/blob').map((item) => [item.id, item] as const))(
    '%s (M16, M19)',
    async (_, item) => {
      const found = await meet(item, () => blobBytes(wire, any, 1 << 20, {}));
      if (item.answer.status === 200)
        expect(Buffer.from(found as Uint8Array)).toEqual(bodyOf(item));
    },
  );

  test.each(of('/api/v1/file/blob', 'HEAD').map((item) => [item.id, item] as const))(
    '%s (M17, C07, C16)',
    async (_, item) => {
      current = item;
      const size = await blobSize(wire, any, {});
      const told = item.answer.headers?.['content-length'];
      expect(size).toBe(item.answer.status === 200 ? Number(told) : undefined);
    },
  );
});

test('the recording has the families that the tests above go through', () => {
  expect(of('/api/v1/tree/content-hash').length).toBeGreaterThan(20);
  expect(of('/api/v1/file/tree').length).toBeGreaterThan(20);
  expect(of('/api/v1/file/blob', 'HEAD').length).toBeGreaterThan(5);
  expect(isOid('0'.repeat(40))).toBe(true);
});
