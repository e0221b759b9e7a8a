import assert from 'node:assert/strict';
import { O, S } from '@scorpiofs/posix';
import { fails, pattern, withOpen, type Cases } from '../case.js';

const READ_WRITE = O.O_RDWR | O.O_CREAT;

/** Making, reading and writing files. */
export const files = {
  'file: create, write, read back': {
    guards: 'open(2), read(2), write(2): what was written is read',
    async run({ fs }) {
      await fs.writeFile('f', 'hello');
      assert.equal(await fs.text('f'), 'hello');
      const attr = await fs.stat('f');
      assert.equal(attr.mode & S.IFMT, S.IFREG);
      assert.equal(attr.size, 5);
      assert.equal(attr.nlink, 1);
    },
  },
  'file: mode bits of creation': {
    guards: 'open(2): the mode argument becomes the permission bits',
    async run({ fs }) {
      for (const mode of [0o600, 0o644, 0o755, 0o000, 0o777]) {
        const file = await fs.open(`f${mode}`, READ_WRITE | O.O_EXCL, mode);
        await file.close();
        assert.equal((await fs.stat(`f${mode}`)).mode & 0o7777, mode);
      }
    },
  },
  'file: created read-only can be written through the creating descriptor': {
    guards: 'open(2): the mode counts for later opens only',
    async run({ fs }) {
      await withOpen(fs.open('f', READ_WRITE | O.O_EXCL, 0o444), async (file) => {
        assert.equal(await file.write('abc', 0), 3);
      });
      assert.equal(await fs.text('f'), 'abc');
    },
  },
  'file: O_EXCL on an existing name': {
    guards: 'open(2): EEXIST, also for a dangling symlink',
    async run({ fs }) {
      await fs.writeFile('f', '');
      await fs.symlink('nowhere', 'l');
      await fails('EEXIST', fs.open('f', READ_WRITE | O.O_EXCL));
      await fails('EEXIST', fs.open('l', READ_WRITE | O.O_EXCL));
    },
  },
  'file: O_CREAT on an existing file keeps it': {
    guards: 'open(2): without O_EXCL and O_TRUNC contents and mode stay',
    async run({ fs }) {
      await fs.writeFile('f', 'keep', 0o600);
      const file = await fs.open('f', READ_WRITE, 0o777);
      await file.close();
      assert.equal(await fs.text('f'), 'keep');
      assert.equal((await fs.stat('f')).mode & 0o7777, 0o600);
    },
  },
  'file: O_CREAT through a dangling symlink makes the target': {
    guards: 'open(2)',
    async run({ fs }) {
      await fs.symlink('target', 'l');
      await fs.writeFile('l', 'x');
      assert.equal(await fs.text('target'), 'x');
      assert.equal((await fs.lstat('l')).mode & S.IFMT, S.IFLNK);
    },
  },
  'file: O_TRUNC empties': {
    guards: 'open(2): O_TRUNC sets the size to 0 and frees the blocks',
    async run({ fs }) {
      await fs.writeFile('f', pattern(10_000));
      const file = await fs.open('f', O.O_WRONLY | O.O_TRUNC);
      assert.equal((await file.stat()).size, 0);
      await file.close();
      const attr = await fs.stat('f');
      assert.equal(attr.size, 0);
      assert.equal(attr.blocks, 0);
    },
  },
  'file: O_TRUNC with other descriptors open': {
    guards: 'open(2): a truncation is seen by every descriptor',
    async run({ fs }) {
      await fs.writeFile('f', 'before');
      await withOpen(fs.open('f', O.O_RDONLY), async (reader) => {
        assert.equal((await reader.read(10, 0)).toString(), 'before');
        const writer = await fs.open('f', O.O_WRONLY | O.O_TRUNC);
        assert.equal((await reader.read(10, 0)).length, 0);
        await writer.write('later', 0);
        assert.equal((await reader.read(10, 0)).toString(), 'later');
        await writer.close();
      });
    },
  },
  'file: O_APPEND ignores the offset': {
    guards: 'open(2), pwrite(2) BUGS: data goes to the end',
    async run({ fs }) {
      await fs.writeFile('f', 'one');
      await withOpen(fs.open('f', O.O_WRONLY | O.O_APPEND), async (file) => {
        await file.write('two', 0);
        await fs.truncate('f', 1);
        await file.write('three', 0);
      });
      assert.equal(await fs.text('f'), 'othree');
    },
  },
  'file: two descriptors append in turn': {
    guards: 'open(2): O_APPEND finds the end each time',
    async run({ fs }) {
      await fs.writeFile('f', '');
      const a = await fs.open('f', O.O_WRONLY | O.O_APPEND);
      const b = await fs.open('f', O.O_WRONLY | O.O_APPEND);
      for (let i = 0; i < 5; i++) {
        await a.write('a', 0);
        await b.write('b', 0);
      }
      await a.close();
      await b.close();
      assert.equal(await fs.text('f'), 'ababababab');
    },
  },
  'file: overwrite in the middle': {
    guards: 'pwrite(2): neighbours stay, the size stays',
    async run({ fs }) {
      const bytes = pattern(20_000);
      await fs.writeFile('f', bytes);
      await withOpen(fs.open('f', O.O_WRONLY), (file) => file.write(Buffer.alloc(5000, 7), 4000));
      bytes.fill(7, 4000, 9000);
      assert.ok((await fs.readFile('f')).equals(bytes));
    },
  },
  'file: odd sizes across pages': {
    guards: 'read(2), write(2): every size and offset around page borders',
    async run({ fs }) {
      const sizes = [1, 4095, 4096, 4097, 8191, 8192, 65_537, 131_072, 131_073];
      for (const size of sizes) {
        const bytes = pattern(size, size);
        await fs.writeFile('f', bytes);
        assert.ok((await fs.readFile('f')).equals(bytes), `size ${size}`);
      }
    },
  },
  'file: 5 MiB in one piece': {
    guards: 'write(2), read(2): requests larger than one of the transport',
    async run({ fs }) {
      const bytes = pattern(5 * 1024 * 1024 + 17);
      await fs.writeFile('f', bytes);
      assert.equal((await fs.stat('f')).size, bytes.length);
      assert.ok((await fs.readFile('f')).equals(bytes));
    },
  },
  'file: read at and behind the end': {
    guards: 'read(2): 0 bytes, no error; short read before the end',
    async run({ fs }) {
      await fs.writeFile('f', 'abc');
      await withOpen(fs.open('f', O.O_RDONLY), async (file) => {
        assert.equal((await file.read(10, 3)).length, 0);
        assert.equal((await file.read(10, 1_000_000)).length, 0);
        assert.equal((await file.read(10, 1)).toString(), 'bc');
      });
    },
  },
  'file: write of nothing': {
    guards: 'write(2): 0 bytes change nothing, also behind the end',
    async run({ fs }) {
      await fs.writeFile('f', 'abc');
      await withOpen(fs.open('f', O.O_WRONLY), async (file) => {
        assert.equal(await file.write('', 100), 0);
      });
      assert.equal((await fs.stat('f')).size, 3);
    },
  },
  'file: access mode is kept': {
    guards: 'read(2), write(2): EBADF against the open mode',
    async run({ fs }) {
      await fs.writeFile('f', 'abc');
      await withOpen(fs.open('f', O.O_WRONLY), (file) => fails('EBADF', file.read(1, 0)));
      await withOpen(fs.open('f', O.O_RDONLY), (file) => fails('EBADF', file.write('x', 0)));
    },
  },
  'file: opening what is not there': {
    guards: 'open(2): ENOENT, ENOTDIR, EISDIR, ELOOP',
    async run({ fs }) {
      await fs.writeFile('f', '');
      await fs.mkdir('d');
      await fs.symlink('f', 'l');
      await fails('ENOENT', fs.open('nothing', O.O_RDONLY));
      await fails('ENOENT', fs.open('nothing/f', READ_WRITE));
      await fails('ENOTDIR', fs.open('f/g', READ_WRITE));
      await fails('ENOTDIR', fs.open('f', O.O_RDONLY | O.O_DIRECTORY));
      await fails('EISDIR', fs.open('d', O.O_WRONLY));
      await fails('EISDIR', fs.open('d', O.O_RDWR));
      await fails('ELOOP', fs.open('l', O.O_RDONLY | O.O_NOFOLLOW));
    },
  },
  'file: trailing slash': {
    guards: 'path_resolution(7): a path that ends in "/" is a directory',
    async run({ fs }) {
      await fs.writeFile('f', '');
      await fails('ENOTDIR', fs.open('f/', O.O_RDONLY));
      await fails('ENOTDIR', fs.stat('f/'));
      await fails('EISDIR', fs.open('new/', READ_WRITE));
    },
  },
  'file: fsync and fdatasync': {
    guards: 'fsync(2): succeeds on files and directories',
    async run({ fs }) {
      await withOpen(fs.open('f', READ_WRITE), async (file) => {
        await file.write('x', 0);
        await file.sync();
        await file.sync(true);
      });
      await fs.mkdir('d');
      await withOpen(fs.open('d', O.O_RDONLY | O.O_DIRECTORY), (dir) => dir.sync());
    },
  },
  'file: unlinked but open': {
    guards: 'unlink(2): lives until the last descriptor is closed',
    async run({ fs }) {
      await fs.writeFile('f', 'still here');
      await withOpen(fs.open('f', O.O_RDWR), async (file) => {
        await fs.unlink('f');
        await fails('ENOENT', fs.stat('f'));
        assert.equal((await file.stat()).nlink, 0);
        assert.equal((await file.read(100, 0)).toString(), 'still here');
        await file.write('more', 10);
        await file.truncate(12);
        assert.equal((await file.read(100, 0)).toString(), 'still heremo');
        await file.chmod(0o600);
        assert.equal((await file.stat()).mode & 0o7777, 0o600);
      });
    },
  },
  'file: a new file under the name of an unlinked open one': {
    guards: 'unlink(2): name and file are two things',
    async run({ fs }) {
      await fs.writeFile('f', 'old');
      await withOpen(fs.open('f', O.O_RDONLY), async (old) => {
        await fs.unlink('f');
        await fs.writeFile('f', 'new one');
        assert.equal((await old.read(10, 0)).toString(), 'old');
        assert.notEqual((await old.stat()).ino, (await fs.stat('f')).ino);
      });
      assert.equal(await fs.text('f'), 'new one');
    },
  },
  'file: replaced while open': {
    guards: 'rename(2): a replaced file lives until it is closed',
    async run({ fs }) {
      await fs.writeFile('f', 'old');
      await fs.writeFile('g', 'new');
      await withOpen(fs.open('f', O.O_RDONLY), async (old) => {
        await fs.rename('g', 'f');
        assert.equal((await old.read(10, 0)).toString(), 'old');
        assert.equal((await old.stat()).nlink, 0);
      });
      assert.equal(await fs.text('f'), 'new');
    },
  },
  'file: st_ino is the file': {
    guards: 'inode(7): differs between files, stays over rename and reopen',
    async run({ fs }) {
      await fs.writeFile('a', '');
      await fs.writeFile('b', '');
      const a = (await fs.stat('a')).ino;
      assert.notEqual(a, (await fs.stat('b')).ino);
      await fs.rename('a', 'c');
      assert.equal((await fs.stat('c')).ino, a);
      const listed = (await fs.list('.')).find(({ name }) => name === 'c');
      assert.equal(listed?.ino, a);
    },
  },
  'file: special nodes': {
    guards: 'mknod(2): type, permission bits and device number are kept',
    async run({ fs }) {
      const kinds = [
        [S.IFIFO, 0],
        [S.IFSOCK, 0],
        [S.IFCHR, 0x103],
        [S.IFBLK, 0x12345],
      ] as const;
      for (const [type, rdev] of kinds) {
        await fs.mknod(`n${type}`, type | 0o640, rdev);
        const attr = await fs.lstat(`n${type}`);
        assert.equal(attr.mode, type | 0o640);
        assert.equal(attr.rdev, rdev);
        assert.equal(attr.size, 0);
      }
      const types = (await fs.list('.')).map(({ type }) => type).sort((a, b) => a - b);
      assert.deepEqual(
        types,
        kinds.map(([type]) => type).sort((a, b) => a - b),
      );
    },
  },
  'file: mknod makes a regular file': {
    guards: 'mknod(2): S_IFREG and type 0 make an empty file; EEXIST',
    async run({ fs }) {
      await fs.mknod('f', S.IFREG | 0o640);
      assert.equal((await fs.stat('f')).mode, S.IFREG | 0o640);
      await fs.writeFile('f', 'x');
      assert.equal(await fs.text('f'), 'x');
      await fails('EEXIST', fs.mknod('f', S.IFREG | 0o640));
    },
  },
} as const satisfies Cases;
