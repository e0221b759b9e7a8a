import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { startMonoServer, type MonoServer } from '../server.js';

let server: MonoServer;

beforeAll(async () => {
  server = await startMonoServer({ empty: true });
});

afterAll(() => server.close());

interface Envelope {
  readonly status: number;
  readonly data: Readonly<Record<string, string>>;
}

/** The same answer where it is a list. */
const list = async (path: string): Promise<readonly Readonly<Record<string, string>>[]> => {
  const answer = await fetch(`${server.url}/api/v1${path}`);
  return ((await answer.json()) as { data: Readonly<Record<string, string>>[] }).data;
};

const call = async (path: string, body?: unknown): Promise<Envelope> => {
  const answer = await fetch(`${server.url}/api/v1${path}`, {
    method: body === undefined ? 'GET' : 'POST',
    headers: { 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  const json = text.startsWith('{') ? (JSON.parse(text) as { data: Record<string, string> }) : null;
  return { status: answer.status, data: json?.data ?? {} };
};
const create = (path: string, name: string, extra: object = {}): Promise<Envelope> =>
  call('/create-entry', { is_directory: false, name, path, content: `${name}\n`, ...extra });
const merge = (link = ''): Promise<Envelope> => call(`/cl/${link}/merge-no-auth`, {});
const names = async (path: string): Promise<string[]> =>
  (await list(`/tree/content-hash?path=${path}`)).map((one) => String(one['name']));
let n = 0;
let name: string;

beforeEach(() => {
  name = `file-${n++}`;
});

describe('editing without login (§1.9)', () => {
  test('M28, M29: an entry is a change list until it is merged, once', async () => {
    const { data } = await create('/doc', name);
    expect(data['cl_link']).toMatch(/^[A-Z0-9]{8}$/);
    expect(data['path']).toBe(`/doc/${name}`);
    expect(await names('/doc')).not.toContain(name);
    expect((await merge(data['cl_link'])).status).toBe(200);
    expect(await names('/doc')).toContain(name);
    expect((await merge(data['cl_link'])).status).toBe(400);
    expect((await call('/cl/ZZZZZZZZ/merge-no-auth', {})).status).toBe(404);
  });

  test('M28: a second edit into the same change list keeps the first', async () => {
    const first = await create('/release', `${name}-a`);
    const second = await create('/release', `${name}-b`);
    expect(second.data['cl_link']).toBe(first.data['cl_link']);
    await merge(first.data['cl_link']);
    expect(await names('/release')).toEqual(expect.arrayContaining([`${name}-a`, `${name}-b`]));
  });

  test('force_create makes another one; merging one makes the other conflict', async () => {
    const first = await create('/doc', `${name}-a`, { mode: 'force_create' });
    const second = await create('/doc', `${name}-b`, { mode: 'force_create' });
    expect(second.data['cl_link']).not.toBe(first.data['cl_link']);
    expect((await merge(first.data['cl_link'])).status).toBe(200);
    expect((await merge(second.data['cl_link'])).status).toBe(400);
  });

  test('M67: a change list of another directory is not taken', async () => {
    await fetch(`${server.url}/model.git/info/refs?service=git-upload-pack`);
    const other = await create('/doc', name, { mode: 'force_create' });
    const taken = await create('/model', name, { mode: { try_reuse: other.data['cl_link'] } });
    expect(taken.status).toBe(400);
    expect((await create('/doc', name, { mode: { try_reuse: 'ZZZZZZZZ' } })).status).toBe(404);
    expect((await create('/doc', name, { mode: 'whatever' })).status).toBe(422);
  });

  test('M28b: the change list belongs to the deepest directory with a stored row', async () => {
    const save = (content: string): Promise<Envelope> =>
      call('/edit/save', {
        path: '/toolchains/.gitkeep',
        content,
        commit_message: 'm',
        mode: 'force_create',
      });
    expect((await save('a\n')).data['path']).toBe('/');
    await fetch(`${server.url}/toolchains.git/info/refs?service=git-upload-pack`);
    const { data } = await save('b\n');
    expect(data['path']).toBe('/toolchains');
    const list = (await call(`/cl/${data['cl_link']}/files-list`)).data;
    expect(list).toMatchObject([{ path: '.gitkeep', action: 'modified', sha: data['new_oid'] }]);
  });

  test('M54, M29: an edit deep below the change list’s directory changes only its file', async () => {
    await merge((await create('/doc/deep/er', name)).data['cl_link']);
    const { data } = await call('/edit/save', {
      path: `/doc/deep/er/${name}`,
      new_path: `/doc/deep/er/${name}-moved`,
      content: `${name}\nmore\n`,
      commit_message: 'edit and rename',
      mode: 'force_create',
    });
    const [entry] = await list(`/cl/${data['cl_link']}/files-list`);
    expect(entry).toMatchObject({ action: 'renamed', path: `doc/deep/er/${name}-moved` });
    expect((await merge(data['cl_link'])).status).toBe(200);
    expect(await names('/doc/deep/er')).toEqual([`${name}-moved`]);
    expect(await names('/doc')).toContain('.gitkeep');
    expect((await names('/')).length).toBe(10);
  });

  test('M56: a file cannot take the place of a directory', async () => {
    expect((await create('/', 'doc')).status).toBe(400);
    expect(await names('/doc')).toContain('.gitkeep');
  });

  test('M57: names that are no path components are refused at the merge; NUL at once', async () => {
    for (const bad of ['..', '']) {
      const { status, data } = await create('/doc', bad, { mode: 'force_create' });
      expect(status).toBe(200);
      expect((await merge(data['cl_link'])).status).toBe(400);
    }
    expect((await create('/doc', 'a\0b')).status).toBe(422);
  });

  test('M36, M34: pages are counted; the list needs `asc` and has no path', async () => {
    const { data } = await create('/doc', name, { mode: 'force_create' });
    const changed = await call(`/cl/${data['cl_link']}/files-changed`, {
      pagination: { page: 1, per_page: 5 },
      additional: '',
    });
    expect(changed.data['page']).toMatchObject({ total: 1 });
    const none = await call(`/cl/${data['cl_link']}/files-changed`, {
      pagination: { page: 1, per_page: 0 },
      additional: '',
    });
    expect(none.status).toBe(400);
  });
});

test('renames of an older server are deletions and additions', async () => {
  await using older = await startMonoServer({ empty: true, older: true });
  const answer = await fetch(`${older.url}/api/v1/edit/save`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      path: '/doc/.gitkeep',
      new_path: '/doc/kept',
      content: 'Placeholder file for /doc directory',
      commit_message: 'rename',
    }),
  });
  const { data } = (await answer.json()) as { data: { cl_link: string } };
  const list = await fetch(`${older.url}/api/v1/cl/${data.cl_link}/files-list`);
  const { data: files } = (await list.json()) as { data: { action: string }[] };
  expect(files.map((file) => file.action)).toEqual(['deleted', 'new']);
});
