import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { O, S } from '@scorpiofs/posix';
import { withOpen, type Cases } from '../case.js';
import type { Client, OpenFile } from '../client.js';

const LIMIT_MS = 20_000;
const run = promisify(execFile);

/** More directories than a file system keeps descriptors for in these tests, used meanwhile. */
const OTHERS = 80;

async function useOthers(fs: Client): Promise<void> {
  for (let i = 0; i < OTHERS; i++) await fs.mkdir(`other-${i}`);
  for (let i = 0; i < OTHERS; i++) await fs.writeFile(`other-${i}/f`, '');
}

async function isGone(dir: OpenFile, ino: bigint): Promise<void> {
  const attr = await dir.stat();
  assert.equal(attr.ino, ino);
  assert.equal(attr.mode, S.IFDIR | 0o750);
  assert.equal(attr.nlink, 0);
}

const openDirectory = (fs: Client, path: string) => fs.open(path, O.O_RDONLY | O.O_DIRECTORY);

/** Prints what a program sees of the directory it is in. */
const LOOK = `
  stat -c '%h %F' .
  ls -A .
  if (: > f) 2>/dev/null || mkdir d 2>/dev/null; then echo made; fi
  stat f 2>&1 | grep -o 'No such file or directory'
  chmod 700 . && stat -c %a .`;
const SEEN = ['0 directory', 'No such file or directory', '700'];

/** Enters the directory `w`, makes it go, and looks. */
async function look(removal: string, cwd: string): Promise<string[]> {
  const script = `mkdir w n; cd w; ${removal}; stat ../other-*/f > /dev/null; ${LOOK}`;
  const { stdout } = await run('sh', ['-ec', script], { cwd, timeout: LIMIT_MS });
  return stdout.trim().split('\n');
}

/** What has lost its last name, and is still in use. */
export const removed = {
  'removed: an open directory': {
    guards: 'rmdir(2): attributes stay, nlink is 0, and can be changed',
    async run({ fs }) {
      await fs.mkdir('d', 0o750);
      const { ino } = await fs.stat('d');
      await withOpen(openDirectory(fs, 'd'), async (dir) => {
        await fs.rmdir('d');
        await useOthers(fs);
        await isGone(dir, ino);
        await dir.chmod(0o700);
        assert.equal((await dir.stat()).mode & 0o7777, 0o700);
      });
    },
  },
  'removed: an open directory, by rename': {
    guards: 'rename(2): the directory that is replaced is as after rmdir(2)',
    async run({ fs }) {
      await fs.mkdir('d', 0o750);
      await fs.mkdir('new', 0o700);
      await fs.writeFile('new/f', '');
      const { ino } = await fs.stat('d');
      await withOpen(openDirectory(fs, 'd'), async (dir) => {
        await fs.rename('new', 'd');
        await useOthers(fs);
        await isGone(dir, ino);
        assert.deepEqual(await fs.names('d'), ['f']);
      });
    },
  },
  'removed: an open directory stays where rmdir fails': {
    guards: 'rmdir(2), rename(2): ENOTEMPTY changes nothing',
    async run({ fs }) {
      await fs.mkdir('d');
      await fs.mkdir('new');
      await fs.writeFile('d/f', 'here');
      await withOpen(openDirectory(fs, 'd'), async (dir) => {
        await assert.rejects(fs.rmdir('d'));
        await assert.rejects(fs.rename('new', 'd'));
        assert.equal((await dir.stat()).nlink > 0, true);
        assert.equal(await fs.text('d/f'), 'here');
      });
    },
  },
  'removed: the working directory': {
    guards: 'rmdir(2): it has attributes, is empty, and nothing can be made or found in it',
    only: 'mounted',
    async run({ fs, host }) {
      await useOthers(fs);
      assert.deepEqual(await look('rmdir ../w ../n', host('.')), SEEN);
      assert.deepEqual(await look('mv -T ../n ../w', host('.')), SEEN);
      assert.deepEqual(await fs.names('w'), []);
    },
  },
  'removed: what is no regular file': {
    guards:
      'unlink(2), rename(2): a FIFO that is open and a held symlink keep their attributes, nlink is 0',
    only: 'mounted',
    async run({ fs }) {
      for (const name of ['fifo', 'replaced']) await fs.mknod(name, S.IFIFO | 0o600);
      await fs.symlink('target', 'link');
      const held = [await fs.open('fifo', O.O_RDWR), await fs.open('replaced', O.O_RDWR)];
      held.push(await fs.open('link', O.O_PATH | O.O_NOFOLLOW));
      try {
        const before = await Promise.all(held.map((file) => file.stat()));
        for (const name of ['fifo', 'link']) await fs.unlink(name);
        await fs.writeFile('new', '');
        await fs.rename('new', 'replaced');
        await useOthers(fs);
        for (const [i, file] of held.entries()) {
          const { ino, mode, nlink } = await file.stat();
          assert.deepEqual([ino, mode, nlink], [before[i]?.ino, before[i]?.mode, 0]);
        }
      } finally {
        for (const file of held) await file.close();
      }
    },
  },
} as const satisfies Cases;
