import { expect, test } from '@jest/globals';
import { FALLOC, O, RENAME, S } from '@scorpiofs/posix';
import { ROOT_NODE } from '../filesystem.js';
import type { Name } from '../name.js';
import { DirectClient } from '../testing/direct-client.js';
import { MemoryFs } from './memory-fs.js';

const root = { uid: 0, gid: 0 };
const user = { uid: 1234, gid: 2345, checkPermissions: false };
const other = { uid: 3456, gid: 4567, checkPermissions: false };

const errno = (number: number) => expect.objectContaining({ errno: number });

test('with permissions "self" it refuses what the kernel would (mounts without default_permissions)', async () => {
  const fs = new MemoryFs({ permissions: 'self', rootMode: 0o1777 });
  const [owner, stranger] = [new DirectClient(fs, user), new DirectClient(fs, other)];
  await owner.writeFile('f', 'x', 0o600);
  await expect(stranger.readFile('f')).rejects.toEqual(errno(13));
  await expect(stranger.chmod('f', 0o666)).rejects.toEqual(errno(1));
  await expect(stranger.unlink('f')).rejects.toEqual(errno(1));
  await expect(stranger.rename('f', 'g')).rejects.toEqual(errno(1));
  await expect(stranger.setxattr('f', 'user.a', 'x')).rejects.toEqual(errno(13));
  await expect(owner.setxattr('f', 'trusted.a', 'x')).rejects.toEqual(errno(1));
  await expect(stranger.access('f', 4)).rejects.toEqual(errno(13));
  await owner.mkdir('d', 0o700);
  await expect(stranger.writeFile('d/f', '')).rejects.toEqual(errno(13));
  await expect(stranger.opendir('d')).rejects.toEqual(errno(13));
  expect(await owner.text('f')).toBe('x');
});

test('with permissions "kernel" whatever arrives is allowed', async () => {
  const fs = new MemoryFs();
  await new DirectClient(fs, root).writeFile('f', 'x', 0o600);
  expect(await new DirectClient(fs, other).text('f')).toBe('x');
});

test('ENOSPC: a write takes what fits, then fails, and removal gives all back', async () => {
  const fs = new MemoryFs({ capacity: 40_960, maxInodes: 4 });
  const client = new DirectClient(fs, root);
  const file = await client.open('f', O.O_RDWR | O.O_CREAT);
  expect(await file.write(Buffer.alloc(100_000, 1), 0)).toBe(40_960);
  await expect(file.write('x', 40_960)).rejects.toEqual(errno(28));
  await expect(file.allocate(0, 0, 50_000)).rejects.toEqual(errno(28));
  await file.close();
  await client.mkdir('d');
  await client.mkdir('e');
  await expect(client.mkdir('g')).rejects.toEqual(errno(28));
  await client.unlink('f');
  expect(fs.use()).toEqual({ inodes: 3, lookups: 0, handles: 0, pages: 0 });
});

test('nothing is held once programs have closed, and destroy drops what they left', async () => {
  const fs = new MemoryFs();
  const client = new DirectClient(fs, root);
  await client.writeFile('f', 'x');
  const file = await client.open('f', O.O_RDONLY);
  await client.unlink('f');
  expect(fs.use()).toMatchObject({ inodes: 2, lookups: 1, handles: 1 });
  fs.destroy();
  expect(fs.use()).toEqual({ inodes: 1, lookups: 0, handles: 0, pages: 0 });
  await expect(file.read(1, 0)).rejects.toEqual(errno(116));
});

test('fallocate COLLAPSE_RANGE and INSERT_RANGE, which no FUSE mount passes on, move whole pages', async () => {
  const client = new DirectClient(new MemoryFs(), root);
  const file = await client.open('f', O.O_RDWR | O.O_CREAT);
  const page = (byte: number) => Buffer.alloc(4096, byte);
  await file.write(Buffer.concat([page(1), page(2), page(3)]), 0);
  await file.allocate(FALLOC.COLLAPSE_RANGE, 4096, 4096);
  expect(await file.read(20_000, 0)).toEqual(Buffer.concat([page(1), page(3)]));
  await file.allocate(FALLOC.INSERT_RANGE, 4096, 8192);
  expect(await file.read(20_000, 0)).toEqual(Buffer.concat([page(1), page(0), page(0), page(3)]));
  await expect(file.allocate(FALLOC.COLLAPSE_RANGE, 1, 4096)).rejects.toEqual(errno(22));
  await expect(file.allocate(FALLOC.INSERT_RANGE, 16_384, 4096)).rejects.toEqual(errno(22));
  await file.close();
});

test('RENAME_WHITEOUT leaves a character device 0:0 in place (upper of a union, D5)', async () => {
  const client = new DirectClient(new MemoryFs(), root);
  await client.writeFile('f', 'x');
  await client.rename('f', 'g', RENAME.WHITEOUT);
  expect(await client.lstat('f')).toMatchObject({ mode: S.IFCHR, rdev: 0, nlink: 1 });
  expect(await client.text('g')).toBe('x');
});

test('readdirplus gives each entry with a reference of its own', async () => {
  const fs = new MemoryFs();
  const client = new DirectClient(fs, root);
  for (let i = 0; i < 25; i++) await client.writeFile(`n${i}`, 'x');
  const seen: string[] = [];
  const req = { ...root, pid: 1, interrupted: false, signal: new AbortController().signal };
  const dir = fs.opendir(req, ROOT_NODE);
  let room = 10;
  fs.readdir(req, ROOT_NODE, dir.fh, 0, {
    plus: true,
    add: (name: Name) => (seen.push(name), true),
    addEntry: (name) => room-- > 0 && (seen.push(name), true),
  });
  expect(seen).toHaveLength(12);
  // The entry that did not fit took none.
  expect(fs.use().lookups).toBe(10);
});

test('statfs counts what is stored (the suite cannot: a disk has other users)', async () => {
  const client = new DirectClient(new MemoryFs(), root);
  const before = await client.statfs('/');
  await client.writeFile('f', Buffer.alloc(8193));
  const after = await client.statfs('/');
  expect(before.bfree - after.bfree).toBe(3n);
  expect(before.ffree - after.ffree).toBe(1n);
  await client.unlink('f');
  expect(await client.statfs('/')).toEqual(before);
});
