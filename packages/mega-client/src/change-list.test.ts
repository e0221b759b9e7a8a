import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { changeListFiles } from './change-list-files.js';
import { changeLists } from './change-lists.js';
import { changeListDetail, changeListUpdateStatus } from './change-list-state.js';
import { serverStatus } from './server-status.js';
import { recorded, replay, vars } from './testing/recorded.js';
import { serve, type TestServer } from './testing/serve.js';
import { closeWire, openWire, type Wire } from './wire.js';

let server: TestServer;
let wire: Wire;
let answer: string | { readonly data: unknown };

beforeAll(async () => {
  server = await serve((_, response) => {
    if (typeof answer === 'string') replay(recorded(answer), response);
    else response.end(JSON.stringify({ req_result: true, err_message: '', ...answer }));
  });
  wire = openWire({ baseUrl: server.url, retry: { attempts: 1 } });
});

afterAll(async () => {
  closeWire(wire);
  await server.close();
});

const link = vars['clpush'] ?? '';
const files = () => changeListFiles(wire, link, '/project/small');

test('C14, C15, M30, M31: recorded files are placed below the directory that the caller names', async () => {
  answer = 'push:files-list';
  const found = await files();
  expect(found.map(({ action, path }) => `${action} ${path}`)).toEqual([
    'modified /project/small/README.md',
    'new /project/small/bin/new.sh',
    'new /project/small/bin/x.bin',
    'renamed /project/small/docs/renamed.txt',
    'deleted /project/small/empty.txt',
    'new /project/small/newlink',
  ]);
  expect(found[3]).toMatchObject({ oldPath: '/project/small/docs/crlf.txt', similarity: 100 });
  answer = 'cl:files-list';
  expect(await changeListFiles(wire, link, '/')).toEqual([
    { action: 'new', path: '/added.md', oid: 'd5f7fc3f74f7dec08280f370a975b112e8f60818' },
  ]);
});

test('M34: change lists are listed with `asc`, without a path', async () => {
  answer = 'cl:list';
  const { total, items } = await changeLists(wire);
  expect([total, items.length]).toEqual([2, 2]);
  expect(items[0]).toEqual({
    link: 'LUHGWWIU',
    title: 'create new file added.md',
    status: 'Open',
    author: 'Anonymous',
    opened: 1795394958,
    updated: 1795394958,
  });
  for (const bad of [{ page: 0 }, { perPage: 0 }, { perPage: 1001 }, { page: 1.5 }])
    await expect(changeLists(wire, bad)).rejects.toThrow(RangeError);
});

test('M32: an unknown link is missing', async () => {
  answer = 'cl:unknown:files-list';
  await expect(files()).rejects.toMatchObject({ kind: 'missing', status: 404 });
});

const sha = 'a'.repeat(40);

test.each(['/etc/passwd', '../up', 'a/../../b', '', 'a//b', '.', 'nul\0', 'dir/'])(
  'C14: the path %j is refused',
  async (path) => {
    answer = { data: [{ path, sha, action: 'new' }] };
    await expect(files()).rejects.toMatchObject({ kind: 'broken' });
    answer = { data: [{ path: 'ok', old_path: path, sha, action: 'renamed' }] };
    await expect(files()).rejects.toMatchObject({ kind: 'broken' });
  },
);

test('C15 (instead of L-05, which skips it): an unknown action is an error; a rename from nowhere too', async () => {
  answer = { data: [{ path: 'a', sha, action: 'transmogrified' }] };
  await expect(files()).rejects.toThrow(/unknown action/);
  answer = { data: [{ path: 'a', sha, action: 'renamed' }] };
  await expect(files()).rejects.toMatchObject({ kind: 'broken' });
});

test('fs 4: ids of old servers with a prefix are read; names are bytes', async () => {
  answer = { data: [{ path: 'ü', sha: `sha1:${sha}`, action: 'modified' }] };
  expect(await files()).toEqual([
    { action: 'modified', path: '/project/small/\xc3\xbc', oid: sha },
  ]);
});

test('M35: detail without a session is refused; with one it names the directory', async () => {
  answer = 'cl:detail-nologin';
  await expect(changeListDetail(wire, link)).rejects.toMatchObject({
    kind: 'refused',
    status: 401,
  });
  answer = { data: { id: 1, link, title: 'x', status: 'Open', path: '/project/small' } };
  expect(await changeListDetail(wire, link)).toMatchObject({ directory: '/project/small' });
});

test('mega 1.10: update-status, with zeros for no commit; C25: 500 for an unknown link is broken', async () => {
  answer = 'cl:update-status';
  expect(await changeListUpdateStatus(wire, link)).toEqual({
    baseCommit: 'fd4b603fdd1d4c4497b68ddb0d6e486d32f1239f',
    targetHead: 'fd4b603fdd1d4c4497b68ddb0d6e486d32f1239f',
    outdated: false,
  });
  answer = {
    data: { base_commit: '0'.repeat(40), target_head: sha, outdated: true },
  };
  expect(await changeListUpdateStatus(wire, link)).toEqual({ targetHead: sha, outdated: true });
  answer = 'cl:unknown:update-status';
  await expect(changeListUpdateStatus(wire, link)).rejects.toMatchObject({ kind: 'broken' });
});

test('spec 2.5, L-06: `data: null` is an empty list', async () => {
  answer = { data: null };
  expect(await changeListFiles(wire, link, '/')).toEqual([]);
});

test('D8: what is no link never becomes part of an address', async () => {
  const asked = server.asked.length;
  for (const bad of ['', '../x', 'K7Q2ZP9A/merge', 'a b', 'x'.repeat(40)])
    await expect(changeListFiles(wire, bad, '/')).rejects.toMatchObject({ code: 'MEGA_CL_LINK' });
  expect(server.asked.length).toBe(asked);
});

test('M01, C01: the status answer is recognised, anything else is an error', async () => {
  answer = 'status';
  await serverStatus(wire);
  answer = 'unknown';
  await expect(serverStatus(wire)).rejects.toMatchObject({ kind: 'broken', status: 404 });
  answer = { data: null };
  await expect(serverStatus(wire)).rejects.toMatchObject({ kind: 'broken' });
});
