import { execFileSync } from 'node:child_process';
import {
  chmod,
  chown,
  link,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  rm,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { AT_FDCWD, lgetxattr, lsetxattr, mknodat } from '@scorpiofs/posix';
import { forkUpper } from './fork-upper.js';

const root = process.geteuid?.() === 0 ? test : test.skip;

/** All that an overlay or a program can see of a tree, but for the numbers of its directories. */
async function shapeOf(top: string): Promise<unknown[]> {
  const names = (await readdir(top, { recursive: true, encoding: 'latin1' })).sort();
  return await Promise.all(
    ['', ...names].map(async (name) => {
      const path = Buffer.from(`${top}/${name}`, 'latin1');
      const { mode, uid, gid, mtimeNs, rdev, ino } = await lstat(path, { bigint: true });
      const marks = ['opaque', 'redirect', 'origin', 'impure'].map((mark) =>
        lgetxattr(path, `trusted.overlay.${mark}`),
      );
      const own = lgetxattr(path, 'user.own');
      const directory = (Number(mode) & 0o170000) === 0o040000;
      return [name, mode, uid, gid, mtimeNs, rdev, directory ? 0 : ino, marks, own];
    }),
  );
}

root(
  '§8: the second upper has new directories with all attributes and marks, and the same files, deletions and special files',
  async () => {
    const top = await mkdtemp(join(tmpdir(), 'scorpio-fork-'));
    try {
      const from = join(top, 'from');
      const at = (...names: string[]): string => join(from, ...names);
      await mkdir(at('moved', 'deep'), { recursive: true });
      await writeFile(at('file'), 'bytes');
      await writeFile(at('moved', 'deep', 'x'), 'x');
      await link(at('file'), at('moved', 'second name'));
      await symlink('nowhere', at('link'));
      await writeFile(Buffer.from(`${from}/\xe9`, 'latin1'), 'no text');
      expect(mknodat(AT_FDCWD, at('gone'), 0o020000)).toBe(0);
      expect(mknodat(AT_FDCWD, at('fifo'), 0o010600)).toBe(0);
      expect(lsetxattr(at('moved'), 'trusted.overlay.redirect', Buffer.from('/was'))).toBe(0);
      expect(lsetxattr(at('moved', 'deep'), 'trusted.overlay.opaque', Buffer.from('y'))).toBe(0);
      expect(lsetxattr(from, 'trusted.overlay.impure', Buffer.from('y'))).toBe(0);
      expect(lsetxattr(at('moved'), 'user.own', Buffer.from('mine'))).toBe(0);
      await chown(at('moved'), 1234, 5678);
      await chmod(at('moved'), 0o3750);
      for (const name of ['moved/deep', 'moved', ''])
        await utimes(at(name), new Date(1e12 + 1), new Date(1.1e12 + 7));
      const to = join(top, 'to');
      await forkUpper(from, to);
      expect(await shapeOf(to)).toEqual(await shapeOf(from));
      expect((await lstat(join(to, 'moved'))).ino).not.toBe((await lstat(at('moved'))).ino);
    } finally {
      await rm(top, { recursive: true });
    }
  },
);

root('what cannot be had a second time is an error with a hint, not a smaller upper', async () => {
  const top = await mkdtemp(join(tmpdir(), 'scorpio-fork-'));
  const fixed = join(top, 'from', 'fixed');
  try {
    await mkdir(join(top, 'from'));
    await writeFile(fixed, 'x');
    execFileSync('chattr', ['+i', fixed]);
    await expect(forkUpper(join(top, 'from'), join(top, 'to'))).rejects.toMatchObject({
      code: 'FUSE_ERROR',
      hint: expect.stringContaining('immutable'),
    });
  } finally {
    execFileSync('chattr', ['-i', fixed]);
    await rm(top, { recursive: true });
  }
});
