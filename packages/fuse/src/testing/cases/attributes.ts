import assert from 'node:assert/strict';
import { O, S } from '@scorpiofs/posix';
import { fails, OTHER, tick, USER, withOpen, type Cases } from '../case.js';

const SECOND = 1_000_000_000n;

/** Modes, owners, times and permissions. */
export const attributes = {
  'chmod: every bit': {
    guards: 'chmod(2): the twelve bits, the type stays',
    async run({ fs }) {
      await fs.writeFile('f', '');
      await fs.mkdir('d');
      for (const mode of [0o000, 0o777, 0o1644, 0o2755, 0o4755, 0o7777, 0o640]) {
        await fs.chmod('f', mode);
        assert.equal((await fs.stat('f')).mode, S.IFREG | mode);
        await fs.chmod('d', mode);
        assert.equal((await fs.stat('d')).mode, S.IFDIR | mode);
      }
    },
  },
  'chmod: through a symlink and a descriptor': {
    guards: 'chmod(2), fchmod(2)',
    async run({ fs }) {
      await fs.writeFile('f', '');
      await fs.symlink('f', 'l');
      await fs.chmod('l', 0o600);
      assert.equal((await fs.stat('f')).mode & 0o7777, 0o600);
      await withOpen(fs.open('f', O.O_RDONLY), (file) => file.chmod(0o640));
      assert.equal((await fs.stat('f')).mode & 0o7777, 0o640);
    },
  },
  'chmod: ctime': {
    guards: 'chmod(2): ctime changes, mtime does not',
    async run({ fs }) {
      await fs.writeFile('f', '');
      const before = await fs.stat('f');
      await tick();
      await fs.chmod('f', 0o600);
      const after = await fs.stat('f');
      assert.ok(after.ctimeNs > before.ctimeNs);
      assert.equal(after.mtimeNs, before.mtimeNs);
    },
  },
  'chmod: only the owner': {
    guards: 'chmod(2): EPERM for others',
    async run({ fs }) {
      await fs.writeFile('f', '', 0o666);
      await fs.chown('f', USER.uid, USER.gid);
      await fails('EPERM', fs.as(OTHER).chmod('f', 0o777));
      await fs.as(USER).chmod('f', 0o600);
      assert.equal((await fs.stat('f')).mode & 0o7777, 0o600);
    },
  },
  'chmod: set-group-id of a foreign group': {
    guards: 'chmod(2): S_ISGID is dropped when the caller is not in the group',
    async run({ fs }) {
      await fs.writeFile('f', '');
      await fs.chown('f', USER.uid, OTHER.gid);
      await fs.as(USER).chmod('f', 0o2755);
      assert.equal((await fs.stat('f')).mode & 0o7777, 0o755);
      await fs.chown('f', USER.uid, USER.gid);
      await fs.as(USER).chmod('f', 0o2755);
      assert.equal((await fs.stat('f')).mode & 0o7777, 0o2755);
    },
  },
  'chown: ids': {
    guards: 'chown(2): -1 leaves one as it is; the largest ids',
    async run({ fs }) {
      await fs.writeFile('f', '');
      await fs.chown('f', 1000, 2000);
      await fs.chown('f', -1, 3000);
      await fs.chown('f', 4_294_967_294, -1);
      const attr = await fs.stat('f');
      assert.equal(attr.uid, 4_294_967_294);
      assert.equal(attr.gid, 3000);
    },
  },
  'chown: of a symlink': {
    guards: 'chown(2) follows, lchown(2) does not',
    async run({ fs }) {
      await fs.writeFile('f', '');
      await fs.symlink('f', 'l');
      await fs.lchown('l', 11, 12);
      await fs.chown('l', 21, 22);
      assert.equal((await fs.lstat('l')).uid, 11);
      assert.equal((await fs.lstat('l')).gid, 12);
      assert.equal((await fs.stat('f')).uid, 21);
    },
  },
  'chown: clears set-id bits': {
    guards: 'chown(2): of executable files; S_ISGID without group execution stays',
    async run({ fs }) {
      await fs.writeFile('f', '');
      await fs.chmod('f', 0o6755);
      await fs.chown('f', 5, 6);
      assert.equal((await fs.stat('f')).mode & 0o7777, 0o755);
      await fs.mkdir('d');
      await fs.chmod('d', 0o6755);
      await fs.chown('d', 5, 6);
      assert.equal((await fs.stat('d')).mode & 0o7777, 0o6755, 'directories keep them');
    },
  },
  'chown: by others': {
    guards: 'chown(2): EPERM without privilege, the owner may choose a group of theirs',
    async run({ fs }) {
      await fs.writeFile('f', '');
      await fs.chown('f', USER.uid, USER.gid);
      await fails('EPERM', fs.as(USER).chown('f', OTHER.uid, -1));
      await fails('EPERM', fs.as(USER).chown('f', -1, OTHER.gid));
      await fails('EPERM', fs.as(OTHER).chown('f', -1, OTHER.gid));
      await fs.as(USER).chown('f', -1, USER.gid);
    },
  },
  'set-id: cleared by a write': {
    guards: 'inode(7), write(2): S_ISUID and S_ISGID go when somebody without privilege writes',
    async run({ fs }) {
      await fs.writeFile('f', 'abc');
      await fs.chmod('f', 0o6777);
      await withOpen(fs.as(USER).open('f', O.O_WRONLY), (file) => file.write('x', 0));
      assert.equal((await fs.stat('f')).mode & 0o7777, 0o777);
    },
  },
  'set-id: cleared by a truncation': {
    guards: 'truncate(2)',
    async run({ fs }) {
      await fs.writeFile('f', 'abc');
      await fs.chmod('f', 0o6777);
      await fs.as(USER).truncate('f', 1);
      assert.equal((await fs.stat('f')).mode & 0o7777, 0o777);
    },
  },
  'set-id: cleared by fallocate': {
    guards:
      'inode(7): it changes contents, and the kernel asks for it without a word about the bits',
    async run({ fs }) {
      await fs.writeFile('f', 'abc');
      await fs.chmod('f', 0o6777);
      await withOpen(fs.as(USER).open('f', O.O_RDWR), (file) => file.allocate(0, 0, 10));
      assert.equal((await fs.stat('f')).mode & 0o7777, 0o777);
    },
  },
  'set-id: cleared by copy_file_range': {
    guards: 'inode(7): the same',
    async run({ fs }) {
      await fs.writeFile('from', 'abc');
      await fs.chmod('from', 0o666);
      await fs.writeFile('f', 'xyz');
      await fs.chmod('f', 0o6777);
      const user = fs.as(USER);
      await withOpen(user.open('from', O.O_RDONLY), (from) =>
        withOpen(user.open('f', O.O_RDWR), (file) => from.copyTo(file, 0, 0, 3)),
      );
      assert.equal(await fs.text('f'), 'abc');
      assert.equal((await fs.stat('f')).mode & 0o7777, 0o777);
    },
  },
  'set-id: kept when root writes': {
    guards: 'write(2): with CAP_FSETID they stay',
    async run({ fs }) {
      await fs.writeFile('f', 'abc');
      await fs.chmod('f', 0o6755);
      await fs.writeFile('f', 'defg');
      await fs.truncate('f', 1);
      assert.equal((await fs.stat('f')).mode & 0o7777, 0o6755);
    },
  },
  'set-group-id directory: hands its group on': {
    guards: 'inode(7): new files get its group, new directories the bit too',
    async run({ fs }) {
      await fs.mkdir('d');
      await fs.chown('d', 0, 777);
      await fs.chmod('d', 0o2777);
      await fs.writeFile('d/f', '');
      await fs.mkdir('d/e', 0o755);
      await fs.symlink('x', 'd/l');
      assert.equal((await fs.stat('d/f')).gid, 777);
      assert.equal((await fs.stat('d/f')).mode & S.ISGID, 0);
      assert.equal((await fs.stat('d/e')).gid, 777);
      assert.equal((await fs.stat('d/e')).mode & 0o7777, 0o2755);
      assert.equal((await fs.lstat('d/l')).gid, 777);
    },
  },
  'owner: of what is made': {
    guards: 'open(2), mkdir(2), …: the ids of the maker',
    async run({ fs }) {
      const user = fs.as(USER);
      await user.writeFile('f', '');
      await user.mkdir('d');
      await user.symlink('x', 'l');
      await user.mknod('p', S.IFIFO | 0o600);
      for (const name of ['f', 'd', 'l', 'p']) {
        const { uid, gid } = await fs.lstat(name);
        assert.deepEqual({ uid, gid }, USER);
      }
    },
  },
  'permission: bits of owner, group and others': {
    guards: 'path_resolution(7): the first class that matches decides',
    async run({ fs }) {
      await fs.writeFile('f', 'x');
      await fs.chown('f', USER.uid, OTHER.gid);
      const [owner, group] = [fs.as(USER), fs.as(OTHER)];
      const stranger = fs.as({ uid: 9999, gid: 9999 });
      const check = async (mode: number, allowed: readonly boolean[]) => {
        await fs.chmod('f', mode);
        for (const [i, who] of [owner, group, stranger].entries()) {
          if (allowed[i]) assert.equal(await who.text('f'), 'x');
          else await fails('EACCES', who.readFile('f'));
        }
      };
      await check(0o400, [true, false, false]);
      await check(0o040, [false, true, false]);
      await check(0o004, [false, false, true]);
      await check(0o077, [false, true, true]);
    },
  },
  'permission: writing': {
    guards: 'open(2): EACCES without the write bit; root may',
    async run({ fs }) {
      await fs.writeFile('f', 'x', 0o444);
      await fails('EACCES', fs.as(USER).open('f', O.O_WRONLY));
      await fails('EACCES', fs.as(USER).open('f', O.O_RDONLY | O.O_TRUNC));
      await fails('EACCES', fs.as(USER).truncate('f', 0));
      await fs.writeFile('f', 'root');
    },
  },
  'permission: search': {
    guards: 'path_resolution(7): EACCES without the execute bit of a directory',
    async run({ fs }) {
      await fs.mkdir('d', 0o744);
      await fs.writeFile('d/f', 'x', 0o666);
      await fails('EACCES', fs.as(USER).stat('d/f'));
      await fails('EACCES', fs.as(USER).open('d/f', O.O_RDONLY));
      assert.deepEqual(await fs.as(USER).names('d'), ['f']);
      await fs.chmod('d', 0o711);
      assert.equal(await fs.as(USER).text('d/f'), 'x');
      await fails('EACCES', fs.as(USER).opendir('d'));
    },
  },
  'permission: changing a directory': {
    guards: 'EACCES for making, removing and renaming without its write bit',
    async run({ fs }) {
      await fs.mkdir('d', 0o755);
      await fs.writeFile('d/f', '', 0o666);
      await fs.mkdir('d/e', 0o777);
      const user = fs.as(USER);
      await fails('EACCES', user.writeFile('d/new', ''));
      await fails('EACCES', user.mkdir('d/new'));
      await fails('EACCES', user.symlink('x', 'd/new'));
      await fails('EACCES', user.unlink('d/f'));
      await fails('EACCES', user.rmdir('d/e'));
      await fails('EACCES', user.rename('d/f', 'd/g'));
      await fails('EACCES', user.link('d/f', 'd/g'));
    },
  },
  'permission: sticky directory': {
    guards: 'inode(7): only the owner of the file or the directory removes and renames',
    async run({ fs }) {
      await fs.mkdir('d');
      await fs.chmod('d', 0o1777);
      await fs.as(USER).writeFile('d/f', 'x');
      const other = fs.as(OTHER);
      await fails(['EPERM', 'EACCES'], other.unlink('d/f'));
      await fails(['EPERM', 'EACCES'], other.rename('d/f', 'd/g'));
      await other.writeFile('d/mine', '');
      await fails(['EPERM', 'EACCES'], other.rename('d/mine', 'd/f'));
      await fs.as(USER).rename('d/f', 'd/g');
      await fs.as(USER).unlink('d/g');
    },
  },
  'permission: access': {
    guards: 'access(2): as an open would be judged; root executes only what somebody may',
    async run({ fs }) {
      await fs.writeFile('f', '', 0o640);
      await fs.access('f', 6);
      await fails('EACCES', fs.access('f', 1));
      await fails('EACCES', fs.as(USER).access('f', 4));
      await fails('ENOENT', fs.access('nothing', 0));
      await fs.chmod('f', 0o645);
      await fs.as(USER).access('f', 5);
    },
  },
  'times: set to the nanosecond': {
    guards: 'utimensat(2): each alone, both, before 1970 and after 2106',
    async run({ fs }) {
      await fs.writeFile('f', '');
      const values = [
        0n,
        1n,
        1_234_567_890_123_456_789n,
        -5n * SECOND + 7n,
        5_000_000_000n * SECOND,
      ];
      for (const ns of values) {
        await fs.utimens('f', { atimeNs: ns, mtimeNs: ns + 1n });
        const attr = await fs.stat('f');
        assert.equal(attr.atimeNs, ns);
        assert.equal(attr.mtimeNs, ns + 1n);
      }
      await fs.utimens('f', { atimeNs: 42n });
      await fs.utimens('f', { mtimeNs: 43n });
      const attr = await fs.stat('f');
      assert.equal(attr.atimeNs, 42n);
      assert.equal(attr.mtimeNs, 43n);
    },
  },
  'times: set to whole seconds': {
    guards: 'utimensat(2): for file systems with coarse times',
    async run({ fs }) {
      await fs.writeFile('f', '');
      await fs.utimens('f', { atimeNs: 1_000n * SECOND, mtimeNs: 2_000n * SECOND });
      const attr = await fs.stat('f');
      assert.equal(attr.atimeNs, 1_000n * SECOND);
      assert.equal(attr.mtimeNs, 2_000n * SECOND);
    },
  },
  'times: set to now': {
    guards: 'utimensat(2) UTIME_NOW',
    async run({ fs }) {
      await fs.writeFile('f', '');
      await fs.utimens('f', { atimeNs: 0n, mtimeNs: 0n });
      const start = BigInt(Date.now()) * 1_000_000n - 20_000_000n;
      await fs.utimens('f', { atimeNs: 'now', mtimeNs: 'now' });
      const attr = await fs.stat('f');
      assert.ok(attr.atimeNs >= start && attr.mtimeNs >= start);
    },
  },
  'times: of a symlink and a directory': {
    guards: 'utimensat(2) AT_SYMLINK_NOFOLLOW: the symlink itself',
    async run({ fs }) {
      await fs.mkdir('d');
      await fs.symlink('d', 'l');
      await fs.lutimens('l', { atimeNs: 5n * SECOND, mtimeNs: 6n * SECOND });
      await fs.utimens('l', { atimeNs: 7n * SECOND, mtimeNs: 8n * SECOND });
      assert.equal((await fs.lstat('l')).mtimeNs, 6n * SECOND);
      assert.equal((await fs.stat('d')).mtimeNs, 8n * SECOND);
    },
  },
  'times: who may set them': {
    guards: 'utimensat(2): EPERM for chosen times, EACCES for now without write permission',
    async run({ fs }) {
      await fs.writeFile('f', '', 0o644);
      await fails('EPERM', fs.as(USER).utimens('f', { atimeNs: 0n, mtimeNs: 0n }));
      await fails('EACCES', fs.as(USER).utimens('f', { atimeNs: 'now', mtimeNs: 'now' }));
      await fs.chmod('f', 0o666);
      await fails('EPERM', fs.as(USER).utimens('f', { atimeNs: 0n, mtimeNs: 0n }));
      await fs.as(USER).utimens('f', { atimeNs: 'now', mtimeNs: 'now' });
    },
  },
  'times: of a new file': {
    guards: 'inode(7): all three are the present, the directory is modified',
    async run({ fs }) {
      await tick();
      const start = BigInt(Date.now()) * 1_000_000n - 20_000_000n;
      await fs.mkdir('d');
      await fs.utimens('d', { mtimeNs: 0n });
      await fs.writeFile('d/f', '');
      const attr = await fs.stat('d/f');
      for (const time of [attr.atimeNs, attr.mtimeNs, attr.ctimeNs]) {
        assert.ok(time >= start && time <= BigInt(Date.now() + 1) * 1_000_000n);
      }
      assert.ok((await fs.stat('d')).mtimeNs >= start);
    },
  },
  'times: of a write': {
    guards: 'write(2): mtime and ctime; the directory is not modified',
    async run({ fs }) {
      await fs.mkdir('d');
      await fs.writeFile('d/f', 'a');
      const [dir, before] = [await fs.stat('d'), await fs.stat('d/f')];
      await tick();
      await fs.appendFile('d/f', 'b');
      const after = await fs.stat('d/f');
      assert.ok(after.mtimeNs > before.mtimeNs && after.ctimeNs > before.ctimeNs);
      assert.equal((await fs.stat('d')).mtimeNs, dir.mtimeNs);
    },
  },
  'times: of a truncation': {
    guards: 'truncate(2): mtime and ctime',
    async run({ fs }) {
      await fs.writeFile('f', 'abc');
      const before = await fs.stat('f');
      await tick();
      await fs.truncate('f', 1);
      const after = await fs.stat('f');
      assert.ok(after.mtimeNs > before.mtimeNs && after.ctimeNs > before.ctimeNs);
    },
  },
  'times: of a link and an unlink': {
    guards: 'link(2), unlink(2): ctime of the file, mtime of the directory',
    async run({ fs }) {
      await fs.writeFile('f', '');
      const before = await fs.stat('f');
      const dirBefore = await fs.stat('.');
      await tick();
      await fs.link('f', 'g');
      const linked = await fs.stat('f');
      assert.ok(linked.ctimeNs > before.ctimeNs);
      assert.equal(linked.mtimeNs, before.mtimeNs);
      const dirLinked = await fs.stat('.');
      assert.ok(dirLinked.mtimeNs > dirBefore.mtimeNs);
      await tick();
      await fs.unlink('g');
      assert.ok((await fs.stat('f')).ctimeNs > linked.ctimeNs);
      assert.ok((await fs.stat('.')).mtimeNs > dirLinked.mtimeNs);
    },
  },
  'times: of mkdir and rmdir': {
    guards: 'mkdir(2), rmdir(2): mtime and ctime of the parent',
    async run({ fs }) {
      await fs.mkdir('p');
      const before = await fs.stat('p');
      await tick();
      await fs.mkdir('p/d');
      const made = await fs.stat('p');
      assert.ok(made.mtimeNs > before.mtimeNs && made.ctimeNs > before.ctimeNs);
      await tick();
      await fs.rmdir('p/d');
      assert.ok((await fs.stat('p')).mtimeNs > made.mtimeNs);
    },
  },
  'times: of a read': {
    guards: 'read(2), mount(8) relatime: mtime and ctime stay',
    async run({ fs }) {
      await fs.writeFile('f', 'abc');
      const before = await fs.stat('f');
      await tick();
      await fs.readFile('f');
      const after = await fs.stat('f');
      assert.equal(after.mtimeNs, before.mtimeNs);
      assert.equal(after.ctimeNs, before.ctimeNs);
      assert.ok(after.atimeNs >= before.atimeNs);
    },
  },
  'times: atime is updated when older than mtime': {
    guards: 'mount(8) relatime',
    async run({ fs }) {
      await fs.writeFile('f', 'abc');
      await fs.utimens('f', { atimeNs: 0n });
      await fs.readFile('f');
      assert.ok((await fs.stat('f')).atimeNs > 0n);
    },
  },
} as const satisfies Cases;
