import assert from 'node:assert/strict';
import { O } from '@scorpiofs/posix';
import { FILE_ATTRIBUTE, type FileAttributeForm } from '../../file-attributes.js';
import { fails, OTHER, tick, USER, withOpen, type Cases } from '../case.js';
import type { Client } from '../client.js';

const { flags, fsxattr } = FILE_ATTRIBUTE;
/** Of those that every file system with file attributes has. */
const KNOWN = {
  flags: flags.NODUMP | flags.NOATIME | flags.IMMUTABLE | flags.APPEND,
  fsxattr: fsxattr.NODUMP | fsxattr.NOATIME | fsxattr.IMMUTABLE | fsxattr.APPEND,
};

async function bits(fs: Client, path: string, form: FileAttributeForm = 'flags'): Promise<number> {
  return withOpen(fs.open(path, O.O_RDONLY), async (file) => {
    const got = await file.getFileAttributes(form);
    return got.bits & KNOWN[form];
  });
}

/** As chattr(1): what is there, with some bits on and others off. */
async function change(
  fs: Client,
  path: string,
  { on = 0, off = 0 },
  form: FileAttributeForm = 'flags',
): Promise<void> {
  await withOpen(fs.open(path, O.O_RDONLY), async (file) => {
    const now = await file.getFileAttributes(form);
    await file.setFileAttributes({ ...now, bits: ((now.bits | on) & ~off) >>> 0 });
  });
}

/** What lsattr(1) shows and chattr(1) changes. */
export const fileAttributes = {
  'flags: set, read, taken away': {
    guards: 'ioctl_iflags(2): each keeps what it was given, and nothing else changes',
    async run({ fs }) {
      await fs.writeFile('f', 'bytes', 0o640);
      await fs.mkdir('d');
      for (const path of ['f', 'd']) {
        assert.equal(await bits(fs, path), 0);
        await change(fs, path, { on: flags.NODUMP | flags.NOATIME });
        assert.equal(await bits(fs, path), flags.NODUMP | flags.NOATIME);
        await change(fs, path, { off: flags.NOATIME });
        assert.equal(await bits(fs, path), flags.NODUMP);
      }
      assert.equal(await fs.text('f'), 'bytes');
      assert.equal((await fs.stat('f')).mode & 0o7777, 0o640);
      await fs.rename('f', 'g');
      assert.equal(await bits(fs, 'g'), flags.NODUMP);
    },
  },
  'flags: as struct fsxattr': {
    guards: 'ioctl_xfs_fsgetxattr(2): the same flags in their other form',
    async run({ fs }) {
      await fs.writeFile('f', '');
      await change(fs, 'f', { on: flags.NODUMP });
      assert.equal(await bits(fs, 'f', 'fsxattr'), fsxattr.NODUMP);
      await change(fs, 'f', { on: fsxattr.NOATIME, off: fsxattr.NODUMP }, 'fsxattr');
      assert.equal(await bits(fs, 'f'), flags.NOATIME);
    },
  },
  'flags: ctime': {
    guards: 'inode(7): to change them is to change the inode, and not its contents',
    async run({ fs }) {
      await fs.writeFile('f', '');
      await fs.mkdir('d');
      for (const path of ['f', 'd']) {
        const before = await fs.stat(path);
        await tick();
        await change(fs, path, { on: flags.NODUMP });
        const after = await fs.stat(path);
        assert.ok(after.ctimeNs > before.ctimeNs);
        assert.equal(after.mtimeNs, before.mtimeNs);
      }
    },
  },
  'flags: handed down': {
    guards:
      'chattr(1): a new file or directory has those of its directory, a moved or linked one its own',
    async run({ fs }) {
      await fs.mkdir('d');
      await fs.writeFile('moved', '');
      await fs.writeFile('linked', '');
      await change(fs, 'd', { on: flags.NODUMP });
      await fs.writeFile('d/f', '');
      await fs.mkdir('d/e');
      await fs.rename('moved', 'd/moved');
      await fs.link('linked', 'd/linked');
      const shown = ['f', 'e', 'moved', 'linked'].map((name) => bits(fs, `d/${name}`));
      assert.deepEqual(await Promise.all(shown), [flags.NODUMP, flags.NODUMP, 0, 0]);
      await fs.unlink('d/f');
      await fs.rmdir('d/e');
      await fs.writeFile('d/f', '');
      await fs.mkdir('d/e');
      assert.equal(await bits(fs, 'd/f'), flags.NODUMP);
      assert.equal(await bits(fs, 'd/e'), flags.NODUMP);
    },
  },
  'flags: only the owner': {
    guards: 'ioctl_iflags(2): EPERM for others, who may read them',
    async run({ fs }) {
      await fs.writeFile('f', '', 0o666);
      await fs.chown('f', USER.uid, USER.gid);
      await fails('EPERM', change(fs.as(OTHER), 'f', { on: flags.NODUMP }));
      await change(fs.as(USER), 'f', { on: flags.NODUMP });
      assert.equal(await bits(fs.as(OTHER), 'f'), flags.NODUMP);
      await fails('EPERM', change(fs.as(USER), 'f', { on: flags.IMMUTABLE }));
    },
  },
  'flags: of a file without a name': {
    guards: 'ioctl_iflags(2): a descriptor is enough',
    async run({ fs }) {
      await fs.writeFile('f', 'bytes');
      await withOpen(fs.open('f', O.O_RDWR), async (file) => {
        await fs.unlink('f');
        const now = await file.getFileAttributes('flags');
        await file.setFileAttributes({ ...now, bits: now.bits | flags.NODUMP });
        const then = await file.getFileAttributes('flags');
        assert.equal(then.bits & KNOWN.flags, flags.NODUMP);
      });
    },
  },
} as const satisfies Cases;
