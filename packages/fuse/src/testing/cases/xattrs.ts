import assert from 'node:assert/strict';
import { S, XATTR_CREATE, XATTR_REPLACE } from '@scorpiofs/posix';
import { fails, pattern, tick, USER, type Cases } from '../case.js';

/** Extended attributes. */
export const xattrs = {
  'xattr: set, get, list, remove': {
    guards: 'xattr(7)',
    async run({ fs }) {
      await fs.writeFile('f', '');
      await fs.setxattr('f', 'user.a', 'value');
      await fs.setxattr('f', 'user.b', Buffer.from([0, 255, 0]));
      assert.equal((await fs.getxattr('f', 'user.a')).toString(), 'value');
      assert.deepEqual([...(await fs.getxattr('f', 'user.b'))], [0, 255, 0]);
      assert.deepEqual((await fs.listxattr('f')).sort(), ['user.a', 'user.b']);
      await fs.removexattr('f', 'user.a');
      assert.deepEqual(await fs.listxattr('f'), ['user.b']);
      await fails('ENODATA', fs.getxattr('f', 'user.a'));
    },
  },
  'xattr: none': {
    guards: 'getxattr(2), removexattr(2): ENODATA; listxattr(2): empty',
    async run({ fs }) {
      await fs.mkdir('d');
      assert.deepEqual(await fs.listxattr('d'), []);
      await fails('ENODATA', fs.getxattr('d', 'user.x'));
      await fails('ENODATA', fs.removexattr('d', 'user.x'));
      await fails('ENOENT', fs.getxattr('nothing', 'user.x'));
    },
  },
  'xattr: CREATE and REPLACE': {
    guards: 'setxattr(2): EEXIST, ENODATA',
    async run({ fs }) {
      await fs.writeFile('f', '');
      await fails('ENODATA', fs.setxattr('f', 'user.a', 'x', XATTR_REPLACE));
      await fs.setxattr('f', 'user.a', 'one', XATTR_CREATE);
      await fails('EEXIST', fs.setxattr('f', 'user.a', 'x', XATTR_CREATE));
      await fs.setxattr('f', 'user.a', 'two', XATTR_REPLACE);
      assert.equal((await fs.getxattr('f', 'user.a')).toString(), 'two');
    },
  },
  'xattr: empty value': {
    guards: 'setxattr(2): a value of no bytes is a value',
    async run({ fs }) {
      await fs.writeFile('f', '');
      await fs.setxattr('f', 'user.empty', '');
      assert.equal((await fs.getxattr('f', 'user.empty')).length, 0);
      assert.deepEqual(await fs.listxattr('f'), ['user.empty']);
    },
  },
  'xattr: sizes': {
    guards: 'xattr(7): values up to 2 KiB are stored anywhere',
    async run({ fs }) {
      await fs.writeFile('f', '');
      for (const size of [1, 100, 511, 512, 513, 2048]) {
        await fs.setxattr('f', 'user.v', pattern(size, size));
        assert.ok((await fs.getxattr('f', 'user.v')).equals(pattern(size, size)));
      }
    },
  },
  'xattr: largest value': {
    guards: 'xattr(7): 64 KiB; E2BIG above',
    async run({ fs }) {
      await fs.writeFile('f', '');
      await fs.setxattr('f', 'user.v', pattern(65_536));
      assert.ok((await fs.getxattr('f', 'user.v')).equals(pattern(65_536)));
      await fails('E2BIG', fs.setxattr('f', 'user.v', Buffer.alloc(65_537)));
    },
  },
  'xattr: names': {
    guards: 'xattr(7): 255 bytes with the namespace; ERANGE above, EOPNOTSUPP without namespace',
    async run({ fs }) {
      await fs.writeFile('f', '');
      const longest = `user.${'n'.repeat(250)}`;
      await fs.setxattr('f', longest, 'x');
      assert.deepEqual(await fs.listxattr('f'), [longest]);
      await fails('ERANGE', fs.setxattr('f', `${longest}n`, 'x'));
      await fails('EOPNOTSUPP', fs.setxattr('f', 'nonamespace', 'x'));
      await fs.setxattr('f', 'user.ünï', 'x');
      assert.equal((await fs.getxattr('f', 'user.ünï')).toString(), 'x');
    },
  },
  'xattr: many': {
    guards: 'listxattr(2): a list longer than a small buffer',
    async run({ fs }) {
      await fs.writeFile('f', '');
      const wanted = Array.from({ length: 60 }, (_, i) => `user.attribute-number-${i}`);
      for (const name of wanted) await fs.setxattr('f', name, name);
      assert.deepEqual((await fs.listxattr('f')).sort(), wanted.sort());
      assert.equal((await fs.getxattr('f', 'user.attribute-number-37')).length, 24);
    },
  },
  'xattr: user namespace on other types': {
    guards: 'xattr(7): EPERM on symlinks and special nodes',
    async run({ fs }) {
      await fs.symlink('x', 'l');
      await fs.mknod('p', S.IFIFO | 0o600);
      await fails('EPERM', fs.setxattr('l', 'user.a', 'x'));
      await fails('EPERM', fs.setxattr('p', 'user.a', 'x'));
    },
  },
  'xattr: trusted namespace': {
    guards: 'xattr(7): root only, also on symlinks; others do not see it',
    async run({ fs }) {
      await fs.writeFile('f', '', 0o666);
      await fs.symlink('f', 'l');
      await fs.setxattr('f', 'trusted.t', 'secret');
      await fs.setxattr('l', 'trusted.t', 'on the link');
      assert.equal((await fs.getxattr('f', 'trusted.t')).toString(), 'secret');
      assert.equal((await fs.getxattr('l', 'trusted.t')).toString(), 'on the link');
    },
  },
  'xattr: permissions': {
    guards: 'xattr(7): user attributes follow the permission bits',
    async run({ fs }) {
      await fs.writeFile('f', '', 0o640);
      await fs.setxattr('f', 'user.a', 'x');
      await fails('EACCES', fs.as(USER).getxattr('f', 'user.a'));
      await fs.chmod('f', 0o644);
      assert.equal((await fs.as(USER).getxattr('f', 'user.a')).toString(), 'x');
      await fails('EACCES', fs.as(USER).setxattr('f', 'user.a', 'y'));
      await fails('EACCES', fs.as(USER).removexattr('f', 'user.a'));
    },
  },
  'xattr: belong to the file': {
    guards: 'xattr(7): seen through every hard link, kept by a rename, not by a new file',
    async run({ fs }) {
      await fs.writeFile('f', '');
      await fs.setxattr('f', 'user.a', 'x');
      await fs.link('f', 'g');
      await fs.rename('f', 'h');
      assert.equal((await fs.getxattr('g', 'user.a')).toString(), 'x');
      assert.equal((await fs.getxattr('h', 'user.a')).toString(), 'x');
      await fs.writeFile('f', '');
      assert.deepEqual(await fs.listxattr('f'), []);
    },
  },
  'xattr: ctime': {
    guards: 'setxattr changes ctime and not mtime',
    async run({ fs }) {
      await fs.writeFile('f', '');
      const before = await fs.stat('f');
      await tick();
      await fs.setxattr('f', 'user.a', 'x');
      const after = await fs.stat('f');
      assert.ok(after.ctimeNs > before.ctimeNs);
      assert.equal(after.mtimeNs, before.mtimeNs);
    },
  },
} as const satisfies Cases;
