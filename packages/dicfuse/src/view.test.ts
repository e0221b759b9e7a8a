import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { FsError, ROOT_NODE } from '@scorpiofs/fuse';
import { O } from '@scorpiofs/posix';
import { Fixture } from './testing/fixture.js';
import { Kernel } from './testing/kernel.js';
import type { Files } from './testing/repository.js';

const COMMIT = '1234567890123456789012345678901234567890';
const FILES: Files = {
  'README.md': '# sample\n',
  'run.sh': { mode: '100755', data: '#!/bin/sh\n' },
  link: { mode: '120000', data: 'src/a.ts' },
  'raw-link': { mode: '120000', data: 'to/\xff\xfe' },
  vendor: { mode: '160000', data: COMMIT },
  empty: '',
  'src/a.ts': 'export const a = 1;\n',
  'src/deep/er/leaf': 'leaf\n',
  'src/4095': 'x'.repeat(4095),
  'src/4096': 'y'.repeat(4096),
  'src/131072': 'z'.repeat(131_072),
  'src/131073': 'w'.repeat(131_073),
  'large/10MiB': Buffer.alloc(10 * 1024 * 1024, 'abcdefg'),
  'odd/a b+c#d%e&f?g': 'odd\n',
  'odd/\xc3\xbc/x': 'u\n',
  'odd/\xff\xfe': 'not utf-8\n',
};

function errnoOf(error: unknown): number | undefined {
  return error instanceof FsError ? error.errno : undefined;
}

describe.each([
  ['a server with the extension', false],
  ['a plain server', true],
])('a view of %s', (_, plain) => {
  let fixture: Fixture;
  let view: Awaited<ReturnType<Fixture['view']>>;
  beforeAll(async () => {
    fixture = await Fixture.start([FILES], { plain });
    view = await fixture.view({ uid: 1234, gid: 99 });
  });
  afterAll(() => fixture[Symbol.asyncDispose]());

  test('fs: D-02, D-16, D-25, D-34, W-51: every path, mode, target and byte is as in the tree', async () => {
    const kernel = new Kernel(view.view.fileSystem);
    const seen = new Map<string, { mode: number; data: string | undefined }>();
    const paths = await kernel.walk('/', async (path, { node, attr }) => {
      const link = (attr.mode & 0o170000) === 0o120000;
      const target = link && (await view.view.fileSystem.readlink?.(kernel.request(), node));
      const data: Buffer[] = target ? [Buffer.from(target)] : [];
      for (let at = 0; !link; at += data.at(-1)?.length ?? 0) {
        const part = await kernel.read(node, 131_072, at);
        if (part.length === 0) break;
        data.push(part);
      }
      const all = Buffer.concat(data).toString('latin1');
      expect(attr.size).toBe(all.length);
      expect(attr.nlink).toBe(1);
      expect(attr.blocks).toBe(Math.ceil(all.length / 512));
      seen.set(path, { mode: attr.mode, data: all });
    });
    for (const [name, spec] of Object.entries(FILES)) {
      const { mode, data } =
        typeof spec === 'string' || Buffer.isBuffer(spec) || spec === null
          ? { mode: '100644', data: spec }
          : spec;
      if (mode === '160000') continue;
      expect([name, seen.get(`/${name}`)?.mode.toString(8)]).toEqual([
        name,
        { 100644: '100644', 100755: '100755', 120000: '120777' }[mode],
      ]);
      expect(seen.get(`/${name}`)?.data === data?.toString('latin1')).toBe(true);
    }
    expect(paths).toContain('/vendor');
    expect(paths).toHaveLength(Object.keys(FILES).length + 6);
  });

  test('fs: D-25, mega: C09: a submodule is an empty directory and never asked for, directories have nlink 2, owner as configured', async () => {
    const { client } = view;
    const vendor = await client.stat('/vendor');
    expect(vendor.mode.toString(8)).toBe('40755');
    expect(await client.list('/vendor')).toEqual([]);
    await expect(client.stat('/vendor/x')).rejects.toMatchObject({ errno: 2 });
    expect(fixture.source.answered).not.toContain('/vendor');
    expect(fixture.source.blobCalls.flat()).not.toContain(COMMIT);
    const { nlink, uid, gid, mode, blksize } = await client.stat('/src');
    expect({ nlink, uid, gid, mode: mode.toString(8), blksize }).toEqual({
      nlink: 2,
      uid: 1234,
      gid: 99,
      mode: '40755',
      blksize: 4096,
    });
  });

  test('fs: D-02, D-03: a view of a directory shows it as its root, and nothing from outside', async () => {
    const { client } = await fixture.view({ path: '/src' });
    expect((await client.list('/')).map(({ name }) => name).toSorted()).toEqual(
      ['131072', '131073', '4095', '4096', 'a.ts', 'deep'].toSorted(),
    );
    expect(String(await (await client.open('/deep/er/leaf', O.O_RDONLY)).read(100, 0))).toBe(
      'leaf\n',
    );
    for (const path of ['/README.md', '/src', '/../README.md', '/deep/../../README.md'])
      await expect(client.stat(path)).rejects.toMatchObject({ errno: 2 });
  });

  test('design §7: one stable time that is not the epoch', async () => {
    const { client } = view;
    const first = await client.stat('/src/a.ts');
    expect(first.mtimeNs).toBeGreaterThan(1_600_000_000n * 1_000_000_000n);
    expect(await client.stat('/src/a.ts')).toEqual(first);
  });

  test('fs: D-10, D-11: everything that would change something is EROFS', async () => {
    const { client } = view;
    const changes: (() => Promise<unknown>)[] = [
      () => client.mkdir('/new'),
      () => client.mknod('/new', 0o100644),
      () => client.symlink('x', '/new'),
      () => client.unlink('/README.md'),
      () => client.rmdir('/src'),
      () => client.rename('/README.md', '/x'),
      () => client.link('/README.md', '/x'),
      () => client.chmod('/README.md', 0o600),
      () => client.truncate('/README.md', 0),
      () => client.setxattr('/README.md', 'user.x', 'y'),
      () => client.open('/new', O.O_CREAT | O.O_WRONLY),
      async () => (await client.open('/README.md', O.O_WRONLY)).write('x', 0),
    ];
    const errnos = [];
    for (const change of changes) {
      errnos.push(await change().then(() => 0, errnoOf));
    }
    // 1: permission is checked in front of the file system, as in a mount with default_permissions.
    expect(errnos.filter((errno) => errno !== 30)).toEqual([]);
  });

  test('fs: D-12 (as D4 has it), D-13: no xattrs, constants for statfs', async () => {
    const { client } = view;
    for (const operation of ['getxattr', 'listxattr', 'open', 'opendir', 'flush'])
      expect(view.view.fileSystem).not.toHaveProperty(operation);
    expect(await client.listxattr('/src')).toEqual([]);
    const { blocks, bfree, files, namelen } = await client.statfs('/');
    expect({ blocks, bfree, files, namelen }).toEqual({
      blocks: 1_048_576n,
      bfree: 524_288n,
      files: 100_000n,
      namelen: 255,
    });
  });

  test('fs: D-14, D-15: unknown nodes are ESTALE, reading at or past the end gives nothing (W-41)', async () => {
    const kernel = new Kernel(view.view.fileSystem);
    const node = await kernel.node('/README.md');
    expect(await kernel.read(node, 100, 9)).toHaveLength(0);
    expect(await kernel.read(node, 100, 9_000)).toHaveLength(0);
    for (const unknown of [9_999_999, 2 ** 40 + 8, 2 ** 52]) {
      const gone = await kernel.node('/README.md').then(() => unknown as typeof node);
      await expect(kernel.attr(gone).then(null, errnoOf)).resolves.toBe(116);
      await expect(kernel.read(gone).then(null, errnoOf)).resolves.toBe(116);
      await expect(kernel.list(gone).then(null, errnoOf)).resolves.toBe(116);
    }
  });

  test('a directory cannot be read, a file not listed or entered', async () => {
    const kernel = new Kernel(view.view.fileSystem);
    const file = await kernel.node('/README.md');
    await expect(kernel.read(ROOT_NODE)).rejects.toMatchObject({ errno: 21 });
    await expect(kernel.list(file)).rejects.toMatchObject({ errno: 20 });
    await expect(kernel.lookup(file, 'x')).rejects.toMatchObject({ errno: 20 });
  });
});
