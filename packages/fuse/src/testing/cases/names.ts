import assert from 'node:assert/strict';
import { O, S } from '@scorpiofs/posix';
import { fails, withOpen, type Cases } from '../case.js';

const B255 = 'n'.repeat(255);
const B256 = 'n'.repeat(256);

/** Names, links and symlinks. */
export const names = {
  'name: 255 bytes': {
    guards: 'NAME_MAX: every operation takes a name of 255 bytes',
    async run({ fs }) {
      await fs.writeFile(B255, 'x');
      assert.equal(await fs.text(B255), 'x');
      assert.deepEqual(await fs.names('.'), [B255]);
      await fs.rename(B255, 'short');
      await fs.rename('short', B255);
      await fs.unlink(B255);
      await fs.mkdir(B255);
      await fs.rmdir(B255);
      await fs.symlink('x', B255);
      await fs.unlink(B255);
    },
  },
  'name: 256 bytes': {
    guards: 'ENAMETOOLONG from every operation that takes a name',
    async run({ fs }) {
      await fs.writeFile('f', '');
      await fails('ENAMETOOLONG', fs.stat(B256));
      await fails('ENAMETOOLONG', fs.open(B256, O.O_WRONLY | O.O_CREAT));
      await fails('ENAMETOOLONG', fs.mkdir(B256));
      await fails('ENAMETOOLONG', fs.mknod(B256, S.IFIFO | 0o600));
      await fails('ENAMETOOLONG', fs.symlink('x', B256));
      await fails('ENAMETOOLONG', fs.link('f', B256));
      await fails('ENAMETOOLONG', fs.rename('f', B256));
      await fails('ENAMETOOLONG', fs.unlink(B256));
      await fails('ENAMETOOLONG', fs.rmdir(B256));
    },
  },
  'name: 255 bytes of UTF-8': {
    guards: 'NAME_MAX counts bytes: 85 characters of three bytes fit, 86 do not',
    async run({ fs }) {
      await fs.writeFile('字'.repeat(85), '');
      assert.deepEqual(await fs.names('.'), ['字'.repeat(85)]);
      await fails('ENAMETOOLONG', fs.mkdir('字'.repeat(86)));
    },
  },
  'name: not UTF-8': {
    guards: 'design §7: names are bytes and come back byte for byte',
    async run({ fs }) {
      const raw = Buffer.from([0x66, 0xff, 0xfe, 0x80, 0x0a, 0x20, 0x5c, 0x22, 0x01]);
      await fs.writeFile(raw, 'bytes');
      assert.equal(await fs.text(raw), 'bytes');
      const [listed] = await fs.list('.');
      assert.equal(listed?.name, raw.toString('latin1'));
      const next = Buffer.from([0xc3, 0x28]);
      await fs.rename(raw, next);
      assert.equal(await fs.text(next), 'bytes');
      assert.equal(await fs.exists(raw), false);
      await fs.unlink(next);
    },
  },
  'name: every byte but NUL and slash': {
    guards: 'path_resolution(7): the kernel gives no meaning to other bytes',
    async run({ fs }) {
      const bytes = [...Array(255).keys()].map((i) => i + 1).filter((byte) => byte !== 0x2f);
      const all = Buffer.from(bytes);
      await fs.mkdir(all.subarray(0, 200));
      await fs.mkdir(all.subarray(200));
      const listed = (await fs.list('.')).map(({ name }) => name).sort();
      const wanted = [all.subarray(0, 200), all.subarray(200)].map((b) => b.toString('latin1'));
      assert.deepEqual(listed, wanted.sort());
    },
  },
  'name: upper and lower case differ': {
    guards: 'POSIX names are not folded',
    async run({ fs }) {
      await fs.writeFile('a', 'lower');
      await fs.writeFile('A', 'upper');
      assert.equal(await fs.text('a'), 'lower');
      assert.equal(await fs.text('A'), 'upper');
    },
  },
  'name: composed and decomposed differ': {
    guards: 'POSIX names are not normalised',
    async run({ fs }) {
      await fs.writeFile('\u00e9', '1');
      await fs.writeFile('e\u0301', '2');
      assert.equal((await fs.list('.')).length, 2);
    },
  },
  'name: dots that are ordinary': {
    guards: 'only "." and ".." are special',
    async run({ fs }) {
      for (const name of ['...', '..a', '.a', 'a.', ' ', '-', '.wh.x'])
        await fs.writeFile(name, name);
      assert.equal((await fs.list('.')).length, 7);
      assert.equal(await fs.text('...'), '...');
    },
  },
  'name: making what is there': {
    guards: 'EEXIST from mkdir, mknod, symlink, link, over every type',
    async run({ fs }) {
      await fs.writeFile('f', '');
      await fs.mkdir('d');
      await fs.symlink('nowhere', 'l');
      for (const there of ['f', 'd', 'l', '.', 'd/..']) {
        await fails('EEXIST', fs.mkdir(there));
        await fails('EEXIST', fs.mknod(there, S.IFIFO | 0o600));
        await fails('EEXIST', fs.symlink('x', there));
        await fails('EEXIST', fs.link('f', there));
      }
    },
  },
  'name: where there is no directory': {
    guards: 'ENOENT and ENOTDIR of the parent, from every operation',
    async run({ fs }) {
      await fs.writeFile('f', '');
      for (const [dir, wanted] of [
        ['nothing', 'ENOENT'],
        ['f', 'ENOTDIR'],
      ] as const) {
        await fails(wanted, fs.mkdir(`${dir}/x`));
        await fails(wanted, fs.rmdir(`${dir}/x`));
        await fails(wanted, fs.unlink(`${dir}/x`));
        await fails(wanted, fs.symlink('t', `${dir}/x`));
        await fails(wanted, fs.link('f', `${dir}/x`));
        await fails(wanted, fs.rename('f', `${dir}/x`));
        await fails(wanted, fs.stat(`${dir}/x`));
        await fails(wanted, fs.readlink(`${dir}/x`));
      }
    },
  },
  'link: one file, two names': {
    guards: 'link(2): nlink, inode and contents are shared',
    async run({ fs }) {
      await fs.writeFile('a', 'one');
      await fs.mkdir('d');
      await fs.link('a', 'd/b');
      const [a, b] = [await fs.stat('a'), await fs.stat('d/b')];
      assert.equal(a.nlink, 2);
      assert.equal(b.nlink, 2);
      assert.equal(a.ino, b.ino);
      await fs.appendFile('d/b', ' two');
      assert.equal(await fs.text('a'), 'one two');
      await fs.chmod('a', 0o600);
      assert.equal((await fs.stat('d/b')).mode & 0o7777, 0o600);
    },
  },
  'link: unlink counts down': {
    guards: 'unlink(2): the other names stay',
    async run({ fs }) {
      await fs.writeFile('a', 'x');
      await fs.link('a', 'b');
      await fs.link('b', 'c');
      assert.equal((await fs.stat('a')).nlink, 3);
      await fs.unlink('a');
      assert.equal((await fs.stat('c')).nlink, 2);
      await fs.unlink('c');
      assert.equal((await fs.stat('b')).nlink, 1);
      assert.equal(await fs.text('b'), 'x');
    },
  },
  'link: of a directory': {
    guards: 'link(2): EPERM',
    async run({ fs }) {
      await fs.mkdir('d');
      await fails('EPERM', fs.link('d', 'e'));
    },
  },
  'link: of a symlink': {
    guards: 'link(2): the symlink itself gets the second name',
    async run({ fs }) {
      await fs.symlink('nowhere', 'l');
      await fs.link('l', 'm');
      assert.equal((await fs.readlink('m')).toString(), 'nowhere');
      assert.equal((await fs.lstat('l')).nlink, 2);
    },
  },
  'link: of a special node': {
    guards: 'link(2)',
    async run({ fs }) {
      await fs.mknod('p', S.IFIFO | 0o600);
      await fs.link('p', 'q');
      assert.equal((await fs.lstat('q')).ino, (await fs.lstat('p')).ino);
    },
  },
  'link: to what is missing': {
    guards: 'link(2): ENOENT',
    async run({ fs }) {
      await fails('ENOENT', fs.link('nothing', 'x'));
    },
  },
  'unlink: types': {
    guards: 'unlink(2): EISDIR for directories, ENOENT, symlinks are not followed',
    async run({ fs }) {
      await fs.mkdir('d');
      await fs.writeFile('f', '');
      await fs.symlink('f', 'l');
      await fs.mknod('p', S.IFIFO | 0o600);
      await fails('EISDIR', fs.unlink('d'));
      await fails('ENOENT', fs.unlink('nothing'));
      await fs.unlink('l');
      await fs.unlink('p');
      assert.deepEqual(await fs.names('.'), ['d', 'f']);
    },
  },
  'symlink: target comes back': {
    guards: 'symlink(2), readlink(2): any bytes, size is their number',
    async run({ fs }) {
      const targets = [
        'x',
        '../a/b',
        '/absolute',
        'a//b/./c/',
        'zeichen-ü',
        't'.repeat(59),
        't'.repeat(61),
      ];
      for (const [i, target] of targets.entries()) {
        await fs.symlink(target, `l${i}`);
        const bytes = Buffer.from(target);
        assert.ok((await fs.readlink(`l${i}`)).equals(bytes));
        assert.equal((await fs.lstat(`l${i}`)).size, bytes.length);
      }
    },
  },
  'symlink: bytes that are not UTF-8': {
    guards: 'design §7',
    async run({ fs }) {
      const target = Buffer.from([0xff, 0x2f, 0x80, 0xfe]);
      await fs.symlink(target, 'l');
      assert.ok((await fs.readlink('l')).equals(target));
    },
  },
  'symlink: longest target': {
    guards: 'symlink(7): 4095 bytes are kept, ENAMETOOLONG above; ENOENT for none',
    async run({ fs }) {
      const target = 'a/'.repeat(2047) + 'b';
      assert.equal(target.length, 4095);
      await fs.symlink(target, 'l');
      assert.equal((await fs.readlink('l')).toString(), target);
      await fails('ENAMETOOLONG', fs.symlink(`${target}c`, 'm'));
      await fails('ENOENT', fs.symlink('', 'n'));
    },
  },
  'symlink: mode': {
    guards: 'symlink(7): 0777',
    async run({ fs }) {
      await fs.symlink('x', 'l');
      assert.equal((await fs.lstat('l')).mode, S.IFLNK | 0o777);
    },
  },
  'symlink: is followed': {
    guards: 'path_resolution(7): relative to the symlink, in the middle and at the end',
    async run({ fs }) {
      await fs.mkdir('a');
      await fs.mkdir('a/b');
      await fs.writeFile('a/b/f', 'deep');
      await fs.symlink('b', 'a/to-b');
      await fs.symlink('../a/to-b/f', 'a/b/again');
      await fs.symlink('a/b/../to-b', 'l');
      assert.equal(await fs.text('a/to-b/f'), 'deep');
      assert.equal(await fs.text('l/f'), 'deep');
      await fails('ENOENT', fs.stat('a/b/again'));
      assert.deepEqual(await fs.names('l'), ['again', 'f']);
    },
  },
  'symlink: loops': {
    guards: 'path_resolution(7): ELOOP',
    async run({ fs }) {
      await fs.symlink('b', 'a');
      await fs.symlink('a', 'b');
      await fs.symlink('self/x', 'self');
      await fails('ELOOP', fs.stat('a'));
      await fails('ELOOP', fs.open('a', O.O_WRONLY | O.O_CREAT));
      await fails('ELOOP', fs.stat('self'));
    },
  },
  'symlink: chain of 39': {
    guards: 'path_resolution(7): 40 symlinks are followed',
    async run({ fs }) {
      await fs.writeFile('l0', 'end');
      for (let i = 1; i < 40; i++) await fs.symlink(`l${i - 1}`, `l${i}`);
      assert.equal(await fs.text('l39'), 'end');
    },
  },
  'symlink: readlink of something else': {
    guards: 'readlink(2): EINVAL',
    async run({ fs }) {
      await fs.writeFile('f', '');
      await fs.mkdir('d');
      await fails('EINVAL', fs.readlink('f'));
      await fails('EINVAL', fs.readlink('d'));
    },
  },
  'tmpfile: has no name': {
    guards: 'open(2) O_TMPFILE: nlink 0, in no listing, readable and writable',
    async run({ fs }) {
      await withOpen(fs.open('.', O.O_TMPFILE | O.O_RDWR, 0o600), async (file) => {
        await file.write('hidden', 0);
        assert.equal((await file.read(10, 0)).toString(), 'hidden');
        const attr = await file.stat();
        assert.equal(attr.nlink, 0);
        assert.equal(attr.mode, S.IFREG | 0o600);
        assert.deepEqual(await fs.names('.'), []);
      });
    },
  },
  'tmpfile: gets a name': {
    guards: 'open(2) O_TMPFILE, linkat(2)',
    async run({ fs }) {
      await withOpen(fs.open('.', O.O_TMPFILE | O.O_RDWR, 0o640), async (file) => {
        await file.write('content', 0);
        await file.linkTo('f');
        assert.equal((await file.stat()).nlink, 1);
      });
      assert.equal(await fs.text('f'), 'content');
      assert.equal((await fs.stat('f')).mode & 0o7777, 0o640);
    },
  },
  'tmpfile: with O_EXCL never gets a name': {
    guards: 'open(2) O_TMPFILE: linkat gives ENOENT',
    async run({ fs }) {
      const flags = O.O_TMPFILE | O.O_RDWR | O.O_EXCL;
      await withOpen(fs.open('.', flags, 0o600), (file) => fails('ENOENT', file.linkTo('f')));
    },
  },
  'link: an unlinked open file stays unlinked': {
    guards: 'linkat(2): ENOENT once the last name is gone',
    async run({ fs }) {
      await fs.writeFile('f', 'x');
      await withOpen(fs.open('f', O.O_RDONLY), async (file) => {
        await fs.unlink('f');
        await fails('ENOENT', file.linkTo('g'));
      });
    },
  },
} as const satisfies Cases;
