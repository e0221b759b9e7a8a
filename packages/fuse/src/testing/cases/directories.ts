import assert from 'node:assert/strict';
import { O, S } from '@scorpiofs/posix';
import { FsError } from '../../fs-error.js';
import { fails, withOpen, type Cases } from '../case.js';
import type { Listed, OpenDirectory } from '../client.js';

async function rest(dir: OpenDirectory, room = 50): Promise<Listed[]> {
  const all: Listed[] = [];
  for (;;) {
    const some = await dir.read(room);
    if (some.length === 0) return all;
    all.push(...some);
  }
}

const named = (listed: readonly Listed[]) => listed.map(({ name }) => String(name));

/** Directories and listings. */
export const directories = {
  'mkdir: attributes': {
    guards: 'mkdir(2): type, mode, nlink 2',
    async run({ fs }) {
      await fs.mkdir('d', 0o750);
      const attr = await fs.stat('d');
      assert.equal(attr.mode, S.IFDIR | 0o750);
      assert.equal(attr.nlink, 2);
    },
  },
  'mkdir: sticky bit in the mode': {
    guards: 'mkdir(2): S_ISVTX is honoured',
    async run({ fs }) {
      await fs.mkdir('d', 0o1777);
      assert.equal((await fs.stat('d')).mode & 0o7777, 0o1777);
    },
  },
  'mkdir: counts in the parent': {
    guards: 'inode(7): nlink of a directory is 2 and its subdirectories',
    async run({ fs }) {
      const before = (await fs.stat('.')).nlink;
      await fs.mkdir('a');
      await fs.mkdir('b');
      await fs.writeFile('f', '');
      assert.equal((await fs.stat('.')).nlink, before + 2);
      await fs.rmdir('a');
      assert.equal((await fs.stat('.')).nlink, before + 1);
    },
  },
  'mkdir: with a trailing slash': {
    guards: 'path_resolution(7)',
    async run({ fs }) {
      await fs.mkdir('d/');
      assert.equal((await fs.stat('d/')).mode & S.IFMT, S.IFDIR);
    },
  },
  'mkdir: 60 levels deep': {
    guards: 'no limit of depth but the path length',
    async run({ fs }) {
      const path = Array.from({ length: 60 }, (_, i) => `level${i}`);
      for (let i = 1; i <= path.length; i++) await fs.mkdir(path.slice(0, i).join('/'));
      await fs.writeFile(`${path.join('/')}/f`, 'bottom');
      assert.equal(await fs.text(`${path.join('/')}/f`), 'bottom');
    },
  },
  'rmdir: full and empty': {
    guards: 'rmdir(2): ENOTEMPTY while anything is inside',
    async run({ fs }) {
      await fs.mkdir('d');
      await fs.writeFile('d/f', '');
      await fails(['ENOTEMPTY', 'EEXIST'], fs.rmdir('d'));
      await fs.unlink('d/f');
      await fs.mkdir('d/e');
      await fails(['ENOTEMPTY', 'EEXIST'], fs.rmdir('d'));
      await fs.rmdir('d/e');
      await fs.rmdir('d');
      assert.equal(await fs.exists('d'), false);
    },
  },
  'rmdir: what is none': {
    guards: 'rmdir(2): ENOTDIR, ENOENT, EINVAL for ".", ENOTEMPTY for ".."',
    async run({ fs }) {
      await fs.writeFile('f', '');
      await fs.mkdir('d');
      await fs.symlink('d', 'l');
      await fails('ENOTDIR', fs.rmdir('f'));
      await fails('ENOTDIR', fs.rmdir('l'));
      await fails('ENOENT', fs.rmdir('nothing'));
      await fails('EINVAL', fs.rmdir('d/.'));
      await fails('ENOTEMPTY', fs.rmdir('d/..'));
    },
  },
  'rmdir: while it is open': {
    guards: 'rmdir(2): the open directory is empty (Linux: ENOENT) and its name is free',
    async run({ fs }) {
      await fs.mkdir('d');
      await withOpen(fs.opendir('d'), async (dir) => {
        await fs.rmdir('d');
        const left = await rest(dir).catch((error: unknown) => {
          if (error instanceof FsError && error.errno === 2) return [];
          throw error;
        });
        assert.deepEqual(
          named(left).filter((name) => name !== '.' && name !== '..'),
          [],
        );
        await fs.mkdir('d');
        assert.deepEqual(await fs.names('d'), []);
      });
    },
  },
  'rmdir: made again is another directory': {
    guards: 'rmdir(2), mkdir(2): nothing of the old one is left',
    async run({ fs }) {
      await fs.mkdir('d', 0o700);
      await fs.setxattr('d', 'user.old', 'x');
      await fs.rmdir('d');
      await fs.mkdir('d', 0o755);
      assert.deepEqual(await fs.listxattr('d'), []);
      assert.equal((await fs.stat('d')).mode & 0o7777, 0o755);
    },
  },
  'readdir: empty': {
    guards: 'readdir(3): "." and ".." and nothing else',
    async run({ fs }) {
      await fs.mkdir('d');
      await withOpen(fs.opendir('d'), async (dir) => {
        assert.deepEqual(named(await rest(dir)).sort(), ['.', '..']);
      });
    },
  },
  'readdir: inode numbers of "." and ".."': {
    guards: 'readdir(3): d_ino agrees with stat',
    async run({ fs }) {
      await fs.mkdir('d');
      await fs.mkdir('d/e');
      await withOpen(fs.opendir('d/e'), async (dir) => {
        const listed = await rest(dir);
        const ino = (name: string) => listed.find((entry) => String(entry.name) === name)?.ino;
        assert.equal(ino('.'), (await fs.stat('d/e')).ino);
        assert.equal(ino('..'), (await fs.stat('d')).ino);
      });
    },
  },
  'readdir: types and inode numbers': {
    guards: 'readdir(3): d_type and d_ino agree with lstat',
    async run({ fs }) {
      await fs.writeFile('f', '');
      await fs.mkdir('d');
      await fs.symlink('x', 'l');
      await fs.mknod('p', S.IFIFO | 0o600);
      for (const { name, ino, type } of await fs.list('.')) {
        const attr = await fs.lstat(name);
        assert.equal(type, attr.mode & S.IFMT);
        assert.equal(ino, attr.ino);
      }
    },
  },
  'readdir: of a file': {
    guards: 'opendir(3): ENOTDIR, ENOENT',
    async run({ fs }) {
      await fs.writeFile('f', '');
      await fails('ENOTDIR', fs.opendir('f'));
      await fails('ENOENT', fs.opendir('nothing'));
    },
  },
  'readdir: 3,000 names in small pieces': {
    guards: 'readdir(3): each exactly once, whatever the size of the buffer',
    async run({ fs }) {
      const wanted = Array.from({ length: 3000 }, (_, i) => `file-${i}`);
      for (const name of wanted) await fs.mknod(name, S.IFREG | 0o600);
      for (const room of [7, 100, 5000]) {
        await withOpen(fs.opendir('.'), async (dir) => {
          const seen = named(await rest(dir, room)).filter((name) => !/^\.\.?$/.test(name));
          assert.equal(seen.length, 3000);
          assert.deepEqual(new Set(seen), new Set(wanted));
        });
      }
    },
  },
  'readdir: 10,000 names': {
    guards: 'readdir(3): large directories are complete',
    only: 'direct',
    async run({ fs }) {
      for (let i = 0; i < 10_000; i++) await fs.mknod(`n${i}`, S.IFREG | 0o600);
      const listed = await fs.list('.');
      assert.equal(listed.length, 10_000);
      assert.equal(new Set(named(listed)).size, 10_000);
    },
  },
  'readdir: names of 255 bytes in small pieces': {
    guards: 'readdir(3): the longest names fit the smallest pieces',
    async run({ fs }) {
      const wanted = Array.from({ length: 40 }, (_, i) => `${i}`.padStart(255, 'x'));
      for (const name of wanted) await fs.mknod(name, S.IFREG | 0o600);
      await withOpen(fs.opendir('.'), async (dir) => {
        const seen = named(await rest(dir, 8)).filter((name) => name.length === 255);
        assert.deepEqual(seen.sort(), wanted.sort());
      });
    },
  },
  'readdir: entries removed meanwhile': {
    guards: 'readdir(3): what stays is listed exactly once when others go',
    async run({ fs }) {
      for (let i = 0; i < 600; i++) await fs.mknod(`n${i}`, S.IFREG | 0o600);
      await withOpen(fs.opendir('.'), async (dir) => {
        const seen = named(await dir.read(20));
        // What was listed goes, and every second one of the rest.
        const gone = new Set(seen.filter((name) => name.startsWith('n')));
        for (let i = 0; i < 600; i += 2) gone.add(`n${i}`);
        for (const name of gone) await fs.unlink(name);
        seen.push(...named(await rest(dir, 20)));
        for (let i = 1; i < 600; i += 2) {
          const times = seen.filter((name) => name === `n${i}`).length;
          assert.equal(times, 1, `n${i} was listed ${times} times`);
        }
      });
    },
  },
  'readdir: entries added meanwhile': {
    guards: 'readdir(3): what was there is listed exactly once when others come',
    async run({ fs }) {
      for (let i = 0; i < 300; i++) await fs.mknod(`old${i}`, S.IFREG | 0o600);
      await withOpen(fs.opendir('.'), async (dir) => {
        const seen = named(await dir.read(20));
        for (let i = 0; i < 300; i++) await fs.mknod(`new${i}`, S.IFREG | 0o600);
        seen.push(...named(await rest(dir, 20)));
        const old = seen.filter((name) => name.startsWith('old'));
        assert.equal(old.length, 300);
        assert.equal(new Set(old).size, 300);
        assert.equal(new Set(seen).size, seen.length);
      });
    },
  },
  'readdir: removal as rm -r does it': {
    guards: 'readdir(3): list some, remove them, go on, until nothing is left',
    async run({ fs }) {
      await fs.mkdir('d');
      for (let i = 0; i < 500; i++) await fs.mknod(`d/n${i}`, S.IFREG | 0o600);
      await withOpen(fs.opendir('d'), async (dir) => {
        for (;;) {
          const some = named(await dir.read(16));
          if (some.length === 0) break;
          for (const name of some) if (name.startsWith('n')) await fs.unlink(`d/${name}`);
        }
      });
      await fs.rmdir('d');
    },
  },
  'readdir: seek to a cookie': {
    guards: 'telldir(3), seekdir(3): goes on behind the entry',
    async run({ fs }) {
      for (let i = 0; i < 200; i++) await fs.mknod(`n${i}`, S.IFREG | 0o600);
      await withOpen(fs.opendir('.'), async (dir) => {
        const all = await rest(dir);
        const half = all[100];
        assert.ok(half);
        await dir.seek(half.cookie);
        assert.deepEqual(named(await rest(dir)), named(all.slice(101)));
      });
    },
  },
  'readdir: rewind sees what came': {
    guards: 'rewinddir(3): as if opened anew',
    async run({ fs }) {
      await fs.mknod('a', S.IFREG | 0o600);
      await withOpen(fs.opendir('.'), async (dir) => {
        await rest(dir);
        await fs.mknod('b', S.IFREG | 0o600);
        await fs.unlink('a');
        await dir.seek(0n);
        assert.deepEqual(named(await rest(dir)).sort(), ['.', '..', 'b']);
      });
    },
  },
  'readdir: two listings at once': {
    guards: 'opendir(3): each has a position of its own',
    async run({ fs }) {
      for (let i = 0; i < 100; i++) await fs.mknod(`n${i}`, S.IFREG | 0o600);
      await withOpen(fs.opendir('.'), (a) =>
        withOpen(fs.opendir('.'), async (b) => {
          await a.read(10);
          assert.equal(named(await rest(b)).length, 102);
          assert.ok((await rest(a)).length > 50);
        }),
      );
    },
  },
  'readdir: after a rename inside': {
    guards: 'rename(2): the new name is listed, the old is not',
    async run({ fs }) {
      for (const name of ['a', 'b', 'c']) await fs.mknod(name, S.IFREG | 0o600);
      await fs.names('.');
      await fs.rename('a', 'z');
      await fs.rename('b', 'c');
      assert.deepEqual(await fs.names('.'), ['c', 'z']);
    },
  },
  'directory: open for reading only': {
    guards: 'open(2), read(2): EISDIR on read',
    async run({ fs }) {
      await fs.mkdir('d');
      await withOpen(fs.open('d', O.O_RDONLY | O.O_DIRECTORY), async (dir) => {
        assert.equal((await dir.stat()).mode & S.IFMT, S.IFDIR);
        await fails('EISDIR', dir.read(10, 0));
      });
      await fails('EISDIR', fs.open('d', O.O_RDONLY | O.O_CREAT));
    },
  },
  'directory: ".." after a move': {
    guards: 'rename(2): ".." means the new parent',
    async run({ fs }) {
      await fs.mkdir('a');
      await fs.mkdir('a/moved');
      await fs.mkdir('b');
      await fs.writeFile('b/here', 'yes');
      await fs.rename('a/moved', 'b/moved');
      assert.equal(await fs.text('b/moved/../here'), 'yes');
      await withOpen(fs.opendir('b/moved'), async (dir) => {
        const up = (await rest(dir)).find(({ name }) => name === '..');
        assert.equal(up?.ino, (await fs.stat('b')).ino);
      });
    },
  },
} as const satisfies Cases;
