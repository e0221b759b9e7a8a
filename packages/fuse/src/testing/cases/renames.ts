import assert from 'node:assert/strict';
import { RENAME, S, type ErrnoName } from '@scorpiofs/posix';
import { fails, tick, type Case, type Cases } from '../case.js';
import type { Client } from '../client.js';

const { EXCHANGE, NOREPLACE } = RENAME;

/** Kinds of things that can be at a name. */
const kinds = {
  nothing: async () => {},
  file: (fs: Client, at: string) => fs.writeFile(at, `file at ${at}`),
  symlink: (fs: Client, at: string) => fs.symlink(`from ${at}`, at),
  fifo: (fs: Client, at: string) => fs.mknod(at, S.IFIFO | 0o600),
  'empty directory': (fs: Client, at: string) => fs.mkdir(at),
  'full directory': async (fs: Client, at: string) => {
    await fs.mkdir(at);
    await fs.writeFile(`${at}/inside`, at);
  },
} as const satisfies Record<string, (fs: Client, at: string) => Promise<void>>;
type Kind = keyof typeof kinds;

const isDir = (kind: Kind) => kind.endsWith('directory');

/** rename(2)'s table: what may take the place of what. */
function refusal(source: Kind, target: Kind): ErrnoName | readonly ErrnoName[] | undefined {
  if (target === 'nothing') return undefined;
  if (isDir(source) && !isDir(target)) return 'ENOTDIR';
  if (!isDir(source) && isDir(target)) return 'EISDIR';
  return target === 'full directory' ? ['ENOTEMPTY', 'EEXIST'] : undefined;
}

function over(source: Kind, target: Kind, apart: boolean): Case {
  return {
    guards: `rename(2): ${source} over ${target}`,
    async run({ fs }) {
      await fs.mkdir('p');
      await fs.mkdir('q');
      const [from, to] = ['p/source', apart ? 'q/target' : 'p/target'];
      await kinds[source](fs, from);
      await kinds[target](fs, to);
      const { ino } = await fs.lstat(from);
      const wanted = refusal(source, target);
      if (wanted !== undefined) {
        const old = (await fs.lstat(to)).ino;
        await fails(wanted, fs.rename(from, to));
        assert.equal((await fs.lstat(from)).ino, ino, 'the source stays');
        assert.equal((await fs.lstat(to)).ino, old, 'the target stays');
        return;
      }
      await fs.rename(from, to);
      assert.equal(await fs.exists(from), false);
      assert.equal((await fs.lstat(to)).ino, ino);
      if (source === 'full directory') assert.equal(await fs.text(`${to}/inside`), from);
      const subdirectories = (dir: string) => (isDir(source) && to.startsWith(dir) ? 3 : 2);
      assert.equal((await fs.stat('p')).nlink, subdirectories('p'));
      assert.equal((await fs.stat('q')).nlink, subdirectories('q'));
    },
  };
}

function matrix(): Record<string, Case> {
  const cases: Record<string, Case> = {};
  const all = Object.keys(kinds) as Kind[];
  for (const source of all.filter((kind) => kind !== 'nothing')) {
    for (const target of all) {
      const apart = target === 'nothing' || source === 'full directory';
      cases[`rename: ${source} over ${target}`] = over(source, target, apart);
    }
  }
  return cases;
}

/** Rename in all its forms. */
export const renames = {
  ...matrix(),
  'rename: within one directory': {
    guards: 'rename(2)',
    async run({ fs }) {
      await fs.writeFile('a', 'x');
      await fs.rename('a', 'b');
      assert.deepEqual(await fs.names('.'), ['b']);
      assert.equal(await fs.text('b'), 'x');
    },
  },
  'rename: onto itself': {
    guards: 'rename(2): does nothing',
    async run({ fs }) {
      await fs.writeFile('a', 'x');
      await fs.rename('a', 'a');
      assert.equal(await fs.text('a'), 'x');
    },
  },
  'rename: onto another name of the same file': {
    guards: 'rename(2): does nothing, both names stay',
    async run({ fs }) {
      await fs.writeFile('a', 'x');
      await fs.link('a', 'b');
      await fs.rename('a', 'b');
      assert.deepEqual(await fs.names('.'), ['a', 'b']);
      assert.equal((await fs.stat('a')).nlink, 2);
    },
  },
  'rename: a directory into itself': {
    guards: 'rename(2): EINVAL, at every depth',
    async run({ fs }) {
      await fs.mkdir('d');
      await fs.mkdir('d/e');
      await fs.mkdir('d/e/f');
      await fails('EINVAL', fs.rename('d', 'd/x'));
      await fails('EINVAL', fs.rename('d', 'd/e/x'));
      await fails('EINVAL', fs.rename('d', 'd/e/f'));
    },
  },
  'rename: over an ancestor': {
    guards: 'rename(2): ENOTEMPTY, for an ancestor holds the source',
    async run({ fs }) {
      await fs.mkdir('d');
      await fs.mkdir('d/e');
      await fs.mkdir('d/e/f');
      await fails(['ENOTEMPTY', 'EEXIST'], fs.rename('d/e/f', 'd'));
      await fails(['ENOTEMPTY', 'EEXIST'], fs.rename('d/e', 'd'));
    },
  },
  'rename: "." and ".."': {
    guards: 'rename(2): EBUSY or EINVAL',
    async run({ fs }) {
      await fs.mkdir('d');
      await fails(['EBUSY', 'EINVAL'], fs.rename('d/.', 'e'));
      await fails(['EBUSY', 'EINVAL'], fs.rename('d', 'd/..'));
    },
  },
  'rename: what is missing': {
    guards: 'rename(2): ENOENT',
    async run({ fs }) {
      await fs.writeFile('f', '');
      await fails('ENOENT', fs.rename('nothing', 'x'));
      await fails('ENOENT', fs.rename('nothing', 'f'));
    },
  },
  'rename: a tree keeps its contents': {
    guards: 'rename(2): everything below moves along, open files too',
    async run({ fs }) {
      await fs.mkdir('a');
      await fs.mkdir('a/b');
      await fs.writeFile('a/b/f', 'deep');
      await fs.mkdir('c');
      await fs.rename('a', 'c/a');
      assert.equal(await fs.text('c/a/b/f'), 'deep');
      assert.equal(await fs.exists('a'), false);
      await fails('ENOENT', fs.stat('a/b/f'));
    },
  },
  'rename: a trailing slash on a file': {
    guards: 'path_resolution(7): ENOTDIR',
    async run({ fs }) {
      await fs.writeFile('f', '');
      await fails('ENOTDIR', fs.rename('f/', 'g'));
      await fails('ENOTDIR', fs.rename('f', 'g/'));
    },
  },
  'rename: replaced hard link counts down': {
    guards: 'rename(2): nlink of what was replaced',
    async run({ fs }) {
      await fs.writeFile('a', 'a');
      await fs.writeFile('b', 'b');
      await fs.link('b', 'other');
      await fs.rename('a', 'b');
      assert.equal((await fs.stat('other')).nlink, 1);
      assert.equal(await fs.text('other'), 'b');
      assert.equal(await fs.text('b'), 'a');
    },
  },
  'rename: times': {
    guards: 'rename(2): both directories get new mtime and ctime, the file keeps its mtime',
    async run({ fs }) {
      await fs.mkdir('p');
      await fs.mkdir('q');
      await fs.writeFile('p/f', 'x');
      const before = await Promise.all([fs.stat('p'), fs.stat('q'), fs.stat('p/f')]);
      await tick();
      await fs.rename('p/f', 'q/f');
      const after = await Promise.all([fs.stat('p'), fs.stat('q'), fs.stat('q/f')]);
      assert.ok(after[0].mtimeNs > before[0].mtimeNs && after[0].ctimeNs > before[0].ctimeNs);
      assert.ok(after[1].mtimeNs > before[1].mtimeNs && after[1].ctimeNs > before[1].ctimeNs);
      assert.equal(after[2].mtimeNs, before[2].mtimeNs);
    },
  },
  'rename: NOREPLACE': {
    guards: 'renameat2(2): EEXIST over anything, else as usual',
    async run({ fs }) {
      await fs.writeFile('a', 'a');
      await fs.writeFile('b', 'b');
      await fs.mkdir('d');
      await fails('EEXIST', fs.rename('a', 'b', NOREPLACE));
      await fails('EEXIST', fs.rename('d', 'b', NOREPLACE));
      await fails('EEXIST', fs.rename('a', 'a', NOREPLACE));
      await fs.rename('a', 'c', NOREPLACE);
      assert.equal(await fs.text('c'), 'a');
      assert.equal(await fs.text('b'), 'b');
    },
  },
  'rename: EXCHANGE of files': {
    guards: 'renameat2(2): both names stay, their files swap',
    async run({ fs }) {
      await fs.writeFile('a', 'was a');
      await fs.mkdir('d');
      await fs.writeFile('d/b', 'was b');
      const ino = (await fs.stat('a')).ino;
      await fs.rename('a', 'd/b', EXCHANGE);
      assert.equal(await fs.text('a'), 'was b');
      assert.equal(await fs.text('d/b'), 'was a');
      assert.equal((await fs.stat('d/b')).ino, ino);
    },
  },
  'rename: EXCHANGE of a file and a full directory': {
    guards: 'renameat2(2): types may differ; nlink of the parents follows',
    async run({ fs }) {
      await fs.mkdir('p');
      await fs.mkdir('q');
      await fs.mkdir('p/d');
      await fs.writeFile('p/d/inside', 'x');
      await fs.writeFile('q/f', 'y');
      await fs.rename('p/d', 'q/f', EXCHANGE);
      assert.equal(await fs.text('q/f/inside'), 'x');
      assert.equal(await fs.text('p/d'), 'y');
      assert.equal((await fs.stat('p')).nlink, 2);
      assert.equal((await fs.stat('q')).nlink, 3);
    },
  },
  'rename: EXCHANGE refused': {
    guards: 'renameat2(2): ENOENT for a missing target, EINVAL with an ancestor or NOREPLACE',
    async run({ fs }) {
      await fs.mkdir('d');
      await fs.mkdir('d/e');
      await fs.writeFile('f', '');
      await fails('ENOENT', fs.rename('f', 'nothing', EXCHANGE));
      await fails('ENOENT', fs.rename('nothing', 'f', EXCHANGE));
      await fails('EINVAL', fs.rename('d', 'd/e', EXCHANGE));
      await fails('EINVAL', fs.rename('d/e', 'd', EXCHANGE));
      await fails('EINVAL', fs.rename('f', 'd', EXCHANGE | NOREPLACE));
    },
  },
  'rename: EXCHANGE of two names of one file': {
    guards: 'renameat2(2): does nothing',
    async run({ fs }) {
      await fs.writeFile('a', 'x');
      await fs.link('a', 'b');
      await fs.rename('a', 'b', EXCHANGE);
      assert.equal((await fs.stat('a')).nlink, 2);
    },
  },
  'rename: unknown flags': {
    guards: 'renameat2(2): EINVAL',
    async run({ fs }) {
      await fs.writeFile('f', '');
      await fails('EINVAL', fs.rename('f', 'g', 0x40));
    },
  },
} as const satisfies Cases;
