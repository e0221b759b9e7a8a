import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { promisify } from 'node:util';
import { flock, failed, LOCK, O } from '@scorpiofs/posix';
import { fails, pattern, withOpen, type Cases } from '../case.js';
import { MAP_PRIVATE, MAP_SHARED, withMapping } from '../mapping.js';
import { MountedFile } from '../mounted-file.js';
import { until } from '../until.js';

/** For what hangs. */
const LIMIT_MS = 120_000;
const run = promisify(execFile);

async function sh(script: string, cwd: string): Promise<string> {
  const { stdout } = await run('sh', ['-ec', script], { cwd, timeout: LIMIT_MS });
  return stdout;
}

function descriptor(file: unknown): number {
  assert.ok(file instanceof MountedFile);
  return file.fd;
}

/** What only programs on a real mount can show. */
export const programs = {
  'program: runs from the mount': {
    guards: 'execve(2): a binary and a script; EACCES without the execute bit',
    only: 'mounted',
    async run({ fs, host }) {
      await sh('cp "$(command -v sh)" sh', host('.'));
      const greeting = await run(host('sh'), ['-c', 'echo hello'], { timeout: LIMIT_MS });
      assert.equal(greeting.stdout, 'hello\n');
      await fs.writeFile('script', '#!/bin/sh\necho "script $1"\n', 0o755);
      const { stdout } = await run(host('script'), ['ran'], { timeout: LIMIT_MS });
      assert.equal(stdout, 'script ran\n');
      await fs.chmod('script', 0o644);
      await assert.rejects(run(host('script'), [], { timeout: LIMIT_MS }), { code: 'EACCES' });
    },
  },
  'program: ETXTBSY': {
    guards: 'open(2): a running program cannot be written; execve(2): nor a written one run',
    only: 'mounted',
    async run({ fs, host }) {
      await sh('cp "$(command -v sh)" sh', host('.'));
      await withOpen(fs.open('sh', O.O_RDWR), async () => {
        // Thrown at once or through the promise, by the version of Node.
        const refused = (async () => run(host('sh'), ['-c', ':'], { timeout: LIMIT_MS }))();
        await assert.rejects(refused, { code: 'ETXTBSY' });
      });
      const child = spawn(host('sh'), ['-c', 'read x'], { stdio: ['pipe', 'ignore', 'ignore'] });
      try {
        await once(child, 'spawn');
        await fails('ETXTBSY', fs.open('sh', O.O_WRONLY));
      } finally {
        child.kill('SIGKILL');
        await once(child, 'exit');
      }
      await withOpen(fs.open('sh', O.O_WRONLY), async () => {});
    },
  },
  'program: git repository': {
    guards: 'mmap(2), link(2), rename(2), O_EXCL as git uses them; fsck finds nothing',
    only: 'mounted',
    async run({ fs, host }) {
      for (let i = 0; i < 30; i++) await fs.writeFile(`file-${i}`, pattern(2000, i + 1));
      const script = `
        export GIT_CONFIG_NOSYSTEM=1 HOME=/nonexistent GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@b
        export GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@b
        git init -q . && git add . && git commit -qm one
        git mv file-0 moved && git commit -qm two
        git -c pack.threads=1 repack -adq
        git fsck --strict 2>&1
        git status --porcelain
        git rev-list --count HEAD`;
      assert.equal((await sh(script, host('.'))).trim().split('\n').at(-1), '2');
      assert.equal(await sh('git -c safe.directory=* status --porcelain', host('.')), '');
    },
  },
  'program: tar there and back': {
    guards: 'a tree with every attribute comes out as it went in',
    only: 'mounted',
    async run({ host }) {
      const script = `
        mkdir -p a/b/c && echo x > a/b/f && chmod 640 a/b/f && ln -s ../f a/b/c/l
        ln a/b/f a/b/c/hard && touch -d '2001-02-03 04:05:06' a/b && mkfifo a/p
        tar -cf t.tar a && mkdir out && tar -xpf t.tar -C out
        (cd a && find . -printf '%P %y %m %n %l %s\\n' | grep -v '^ ' | sort) > 1
        (cd out/a && find . -printf '%P %y %m %n %l %s\\n' | grep -v '^ ' | sort) > 2
        cmp 1 2 && [ a/b -ot 1 ] && stat -c %Y out/a/b a/b | uniq | wc -l
        rm -rf a out`;
      assert.equal((await sh(script, host('.'))).trim(), '1');
    },
  },
  'program: appends of four processes': {
    guards: 'open(2) O_APPEND: no line is lost or torn',
    only: 'mounted',
    async run({ fs, host }) {
      const one = (who: string) =>
        sh(
          `i=0; while [ $i -lt 150 ]; do echo "${who}-$i-xxxxxxxxxx" >> log; i=$((i+1)); done`,
          host('.'),
        );
      await Promise.all(['a', 'b', 'c', 'd'].map(one));
      const lines = (await fs.text('log')).trimEnd().split('\n');
      assert.equal(lines.length, 600);
      assert.ok(lines.every((line) => /^[a-d]-\d+-x{10}$/.test(line)));
      assert.equal(new Set(lines).size, 600);
    },
  },
  'program: files made by four processes': {
    guards: 'creation from several processes in one directory: none is missing',
    only: 'mounted',
    async run({ fs, host }) {
      const one = (who: string) =>
        sh(`i=0; while [ $i -lt 100 ]; do : > ${who}$i; i=$((i+1)); done`, host('.'));
      await Promise.all(['a', 'b', 'c', 'd'].map(one));
      assert.equal((await fs.list('.')).length, 400);
    },
  },
  'program: locks between processes': {
    guards: 'flock(2): excluded while another process holds it, free when that dies',
    only: 'mounted',
    async run({ fs, host }) {
      await fs.writeFile('lock', '');
      const child = spawn('flock', ['-x', host('lock'), '-c', 'echo held; exec sleep 600'], {
        stdio: ['ignore', 'pipe', 'ignore'],
        detached: true,
      });
      await withOpen(fs.open('lock', O.O_RDWR), async (file) => {
        const fd = descriptor(file);
        try {
          await once(child.stdout, 'data');
          assert.equal(flock(fd, LOCK.EX | LOCK.NB), failed('EAGAIN'));
          assert.equal(flock(fd, LOCK.SH | LOCK.NB), failed('EAGAIN'));
        } finally {
          // With its shell and sleep, which inherited the lock.
          if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
          await once(child, 'exit');
        }
        await until('the lock is free', () => flock(fd, LOCK.EX | LOCK.NB) === 0);
      });
    },
  },
  'program: locks of two descriptors': {
    guards: 'flock(2): belongs to the open file; shared ones live together',
    only: 'mounted',
    async run({ fs }) {
      await fs.writeFile('lock', '');
      await withOpen(fs.open('lock', O.O_RDWR), (a) =>
        withOpen(fs.open('lock', O.O_RDWR), async (b) => {
          const [first, second] = [descriptor(a), descriptor(b)];
          assert.equal(flock(first, LOCK.SH | LOCK.NB), 0);
          assert.equal(flock(second, LOCK.SH | LOCK.NB), 0);
          assert.equal(flock(second, LOCK.EX | LOCK.NB), failed('EAGAIN'));
          assert.equal(flock(first, LOCK.UN), 0);
          assert.equal(flock(second, LOCK.EX | LOCK.NB), 0);
        }),
      );
    },
  },
  'program: direct I/O': {
    guards: 'open(2) O_DIRECT: the same bytes',
    only: 'mounted',
    async run({ fs, host }) {
      const bytes = pattern(65_536);
      await fs.writeFile('f', bytes);
      await sh('dd if=f of=g bs=16384 iflag=direct oflag=direct status=none', host('.'));
      assert.ok((await fs.readFile('g')).equals(bytes));
    },
  },
  'program: pipe with a name': {
    guards: 'fifo(7): two processes talk through it',
    only: 'mounted',
    async run({ host }) {
      const said = await sh('mkfifo p; echo through > p & cat p; wait', host('.'));
      assert.equal(said, 'through\n');
    },
  },
  'program: Unix socket': {
    guards: 'unix(7): bind makes the node',
    only: 'mounted',
    async run({ fs, host }) {
      const server = createServer();
      server.listen(host('s'));
      await once(server, 'listening');
      assert.equal((await fs.lstat('s')).mode & 0o170000, 0o140000);
      server.close();
      await once(server, 'close');
    },
  },
  'program: working directory': {
    guards: 'getcwd(3): inside, after a rename, after removal',
    only: 'mounted',
    async run({ host }) {
      const said = await sh(
        'mkdir d && cd d && mv ../d ../e && basename "$(pwd -P)" && rmdir ../e && ls -A | wc -l',
        host('.'),
      );
      assert.deepEqual(
        said
          .trim()
          .split('\n')
          .map((line) => line.trim()),
        ['e', '0'],
      );
    },
  },
  'program: find and rm of a tree': {
    guards: 'fts(3): 400 entries are found and removed',
    only: 'mounted',
    async run({ host }) {
      const script = `
        for d in 1 2 3 4; do mkdir -p t/$d/x; for f in $(seq 98); do : > t/$d/x/$f; done; done
        find t | wc -l
        rm -r t
        ls -A | wc -l`;
      const [found, left] = (await sh(script, host('.'))).trim().split('\n');
      assert.equal(Number(found), 401);
      assert.equal(Number(left), 0);
    },
  },
  'mmap: shared': {
    guards: 'mmap(2) MAP_SHARED: stores and writes are seen both ways, msync(2) keeps them',
    only: 'mounted',
    async run({ fs }) {
      await fs.writeFile('f', pattern(10_000));
      await withOpen(fs.open('f', O.O_RDWR), async (file) => {
        await withMapping(descriptor(file), 10_000, MAP_SHARED, async (memory, sync) => {
          assert.deepEqual(Buffer.from(memory), pattern(10_000));
          memory.set([1, 2, 3], 5000);
          assert.deepEqual([...(await file.read(3, 5000))], [1, 2, 3]);
          await file.write('written', 100);
          assert.equal(Buffer.from(memory.subarray(100, 107)).toString(), 'written');
          sync();
        });
      });
      const bytes = await fs.readFile('f');
      assert.deepEqual([...bytes.subarray(5000, 5003)], [1, 2, 3]);
      assert.equal(bytes.subarray(100, 107).toString(), 'written');
    },
  },
  'mmap: private': {
    guards: 'mmap(2) MAP_PRIVATE: stores stay with the process',
    only: 'mounted',
    async run({ fs }) {
      await fs.writeFile('f', pattern(10_000));
      await withOpen(fs.open('f', O.O_RDONLY), async (file) => {
        await withMapping(descriptor(file), 10_000, MAP_PRIVATE, async (memory) => {
          assert.deepEqual(Buffer.from(memory), pattern(10_000));
          memory.fill(7);
          assert.equal(memory[9999], 7);
        });
      });
      assert.ok((await fs.readFile('f')).equals(pattern(10_000)));
    },
  },
  'mmap: of an unlinked file': {
    guards: 'mmap(2), unlink(2): the mapping outlives name and descriptor',
    only: 'mounted',
    async run({ fs }) {
      await fs.writeFile('f', pattern(8192));
      const file = await fs.open('f', O.O_RDWR);
      await withMapping(descriptor(file), 8192, MAP_SHARED, async (memory, sync) => {
        await file.close();
        await fs.unlink('f');
        assert.deepEqual(Buffer.from(memory), pattern(8192));
        memory.fill(3);
        sync();
        assert.equal(memory[8191], 3);
      });
    },
  },
} as const satisfies Cases;
