import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';

import { afterEach, describe, expect, test } from '@jest/globals';
import { MemoryFs, type SessionInfo } from '@scorpiofs/fuse';
import { canMount, DirectClient, serveInChild, until, type Served } from '@scorpiofs/fuse/testing';

import { OverlayFs } from './overlay-fs.js';
import { makeFolders, memoryUpper, type Folders } from './testing/layers.js';

const MIB = 1 << 20;
const O_PATH = 0o10000000;
const mountedTest = canMount() ? test : test.skip;

async function serve(folders: Folders, minSize = 0): Promise<Served> {
  return serveInChild({
    module: new URL('../dist/testing/served.js', import.meta.url).href,
    export: 'createDiskOverlay',
    args: [folders, 'kernel', 'passthrough', minSize],
    mountOptions: { transport: 'kernel' },
  });
}

/** Issue 4 item 4, mode (a): the kernel reads and writes host files itself (fuse-transport §3). */
describe('data by passthrough', () => {
  let end: (() => Promise<void>) | undefined;
  afterEach(async () => {
    await end?.();
    end = undefined;
  });

  async function mounted(minSize?: number) {
    const folders = makeFolders(1);
    const lower = path.join(folders.lowers[0] ?? '', 'lower');
    fs.writeFileSync(lower, Buffer.alloc(MIB, 'l'));
    const served = await serve(folders, minSize);
    end = async () => {
      await served.stop();
      fs.rmSync(folders.dir, { recursive: true });
    };
    const at = (name: string) => path.join(served.mountpoint, name);
    return { folders, lower, served, at };
  }

  mountedTest('neither reads nor writes ask the daemon, above or below (needs root)', async () => {
    const { folders, served, at } = await mounted();
    fs.writeFileSync(at('new'), Buffer.alloc(MIB, 'n'));
    expect(fs.readFileSync(at('new')).equals(Buffer.alloc(MIB, 'n'))).toBe(true);
    expect(fs.readFileSync(at('lower')).equals(Buffer.alloc(MIB, 'l'))).toBe(true);
    fs.appendFileSync(at('lower'), '+');
    expect(fs.statSync(at('lower')).size).toBe(MIB + 1);
    const { stats } = await served.stats();
    expect([stats.requests.READ ?? 0, stats.requests.WRITE ?? 0]).toEqual([0, 0]);
    expect(fs.statSync(path.join(folders.upper, 'lower')).size).toBe(MIB + 1);
    await until('it lets go of them', async () => (await served.stats()).stats.backingFiles === 0);
  });

  mountedTest(
    'copied up while it is read: the reader keeps the lower file (needs root)',
    async () => {
      const { folders, lower, at } = await mounted();
      const reader = fs.openSync(at('lower'), 'r');
      try {
        const { ino } = fs.statSync(at('lower'), { bigint: true });
        const writer = fs.openSync(at('lower'), 'r+');
        try {
          fs.writeSync(writer, 'NEW', 0);
          fs.ftruncateSync(writer, 10);
          const read = (fd: number) => {
            const into = Buffer.alloc(20);
            return into.toString('latin1', 0, fs.readSync(fd, into, 0, 20, 0));
          };
          expect([read(writer), read(reader)]).toEqual(['NEWlllllll', 'l'.repeat(20)]);
          expect(fs.readFileSync(at('lower'), 'latin1')).toBe('NEWlllllll');
          const again = () => fs.openSync(`/proc/self/fd/${reader}`, 'r');
          // ESTALE, which Node has no name for.
          expect(again).toThrow('error -116');
          // Both descriptors and the name are one file to whoever asks.
          fs.fchmodSync(reader, 0o640);
          const shown = [fs.fstatSync(reader), fs.fstatSync(writer), fs.statSync(at('lower'))];
          expect(shown.map((s) => [BigInt(s.ino), s.mode & 0o777, s.size])).toEqual(
            shown.map(() => [ino, 0o640, 10]),
          );
        } finally {
          fs.closeSync(writer);
        }
      } finally {
        fs.closeSync(reader);
      }
      expect(fs.readFileSync(path.join(folders.upper, 'lower'), 'latin1')).toBe('NEWlllllll');
      expect(fs.readFileSync(lower).equals(Buffer.alloc(MIB, 'l'))).toBe(true);
    },
  );

  mountedTest(
    'once the file has another inode, the old one cannot be opened again (needs root)',
    async () => {
      const { at } = await mounted();
      const reader = fs.openSync(at('lower'), 'r');
      const held = fs.openSync(at('lower'), fs.constants.O_RDONLY | O_PATH);
      fs.appendFileSync(at('lower'), '+');
      fs.closeSync(reader);
      // Locks on two inodes would not exclude each other: SQLite lost rows by that.
      expect(() => fs.openSync(`/proc/self/fd/${held}`, 'r+')).toThrow('error -116');
      fs.closeSync(held);
    },
  );

  mountedTest('every way to open for writing while it is read works (needs root)', async () => {
    const { lower, at } = await mounted();
    const changes: readonly [string, (name: string) => void, string][] = [
      ['append', (name) => fs.appendFileSync(name, '+'), 'l+'],
      ['truncating open', (name) => fs.writeFileSync(name, 't'), 't'],
      [
        'truncate, then open',
        (name) => (fs.truncateSync(name, 1), fs.appendFileSync(name, '2')),
        'l2',
      ],
      [
        'chmod, then open',
        (name) => (fs.chmodSync(name, 0o600), fs.appendFileSync(name, '3')),
        'l3',
      ],
      [
        'rename, then open',
        (name) => (
          fs.renameSync(name, `${name}x`),
          fs.renameSync(`${name}x`, name),
          fs.appendFileSync(name, '4')
        ),
        'l4',
      ],
    ];
    for (const [title, change, tail] of changes) {
      const name = title.replaceAll(/\W/g, '-');
      fs.copyFileSync(lower, path.join(path.dirname(lower), name));
      const reader = fs.openSync(at(name), 'r');
      change(at(name));
      const old = Buffer.alloc(20);
      fs.readSync(reader, old, 0, 20, 0);
      fs.closeSync(reader);
      const now = fs.readFileSync(at(name), 'latin1');
      expect([title, now.endsWith(tail), old.toString()]).toEqual([title, true, 'l'.repeat(20)]);
      expect(fs.statSync(path.join(path.dirname(lower), name)).size).toBe(MIB);
    }
  });

  mountedTest(
    'a mapping sees what others write, and its writes are seen, as is their time (needs root)',
    async () => {
      const { at } = await mounted();
      fs.writeFileSync(at('shared'), Buffer.alloc(8192, 'a'));
      const program = `
import mmap, os, sys, time
p = sys.argv[1]
before = os.stat(p).st_mtime_ns
a, b = os.open(p, os.O_RDWR), os.open(p, os.O_RDWR)
m, n = mmap.mmap(a, 8192), mmap.mmap(b, 8192)
time.sleep(0.05)
m[0:1] = b'm'; os.pwrite(b, b'w', 1)
time.sleep(0.05)
m[2:3] = b'x'
print(n[0:3] == b'mwx', os.pread(a, 3, 0) == b'mwx', open(p, 'rb').read(3) == b'mwx', os.stat(p).st_mtime_ns > before)`;
      expect(
        execFileSync('timeout', ['120', 'python3', '-c', program, at('shared')]).toString(),
      ).toBe('True True True True\n');
    },
  );

  mountedTest(
    'a file below the limit is one inode for all: locks and pages are shared (needs root)',
    async () => {
      const { at, served } = await mounted(2 * MIB);
      const reader = fs.openSync(at('lower'), 'r');
      fs.appendFileSync(at('lower'), '+');
      const into = Buffer.alloc(2);
      fs.readSync(reader, into, 0, 2, MIB - 1);
      fs.closeSync(reader);
      expect(into.toString()).toBe('l+');
      expect((await served.stats()).stats.requests.OPEN).toBe(2);
    },
  );

  mountedTest(
    'pages from before the kernel wrote the host file itself are not believed (needs root)',
    async () => {
      const { at } = await mounted(2 * MIB);
      expect(fs.readFileSync(at('lower'), 'latin1').startsWith('lll')).toBe(true);
      const writer = fs.openSync(at('lower'), 'r+');
      fs.writeSync(writer, 'NEW', 0);
      expect(fs.readFileSync(at('lower'), 'latin1').startsWith('NEW')).toBe(true);
      fs.closeSync(writer);
      expect(fs.readFileSync(at('lower'), 'latin1').startsWith('NEW')).toBe(true);
    },
  );

  mountedTest(
    'an upper that may not be passed through works all the same (needs root)',
    async () => {
      const folders = makeFolders(2);
      const stacked = path.join(folders.dir, 'stacked');
      for (const name of ['stacked', 'w', 'u']) fs.mkdirSync(path.join(folders.dir, name));
      const options = `lowerdir=${folders.lowers[1]},upperdir=${folders.dir}/u,workdir=${folders.dir}/w`;
      execFileSync('mount', ['-t', 'overlay', 'overlay', '-o', options, stacked]);
      for (const name of ['upper', 'work']) fs.mkdirSync(path.join(stacked, name));
      const inside = { ...folders, upper: `${stacked}/upper`, work: `${stacked}/work` };
      const served = await serve({ ...inside, lowers: folders.lowers.slice(0, 1) }).catch(
        (error) => {
          execFileSync('umount', [stacked]);
          throw error;
        },
      );
      try {
        const name = path.join(served.mountpoint, 'f');
        fs.writeFileSync(name, 'one');
        fs.appendFileSync(name, '+');
        expect(fs.readFileSync(name, 'utf8')).toBe('one+');
        expect((await served.stats()).stats.requests.WRITE).toBe(2);
      } finally {
        await served.stop();
        execFileSync('umount', [stacked]);
        fs.rmSync(folders.dir, { recursive: true });
      }
    },
  );

  test('a kernel without it is asked for nothing else: one inode, data by request', async () => {
    const lower = new MemoryFs();
    await new DirectClient(lower).writeFile('/f', 'below');
    const overlay = new OverlayFs({
      upper: memoryUpper(),
      lowers: [{ layer: lower }],
      data: 'passthrough',
    });
    overlay.init({ passthrough: false } as Partial<SessionInfo> as SessionInfo);
    const client = new DirectClient(overlay);
    const reader = await client.open('/f', 0);
    await client.appendFile('/f', '+');
    expect((await reader.read(10, 0)).toString()).toBe('below+');
    await reader.close();
    expect(client.references).toBe(0);
    overlay.destroy();
  });
});
