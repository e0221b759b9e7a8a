import { describe, expect, test } from '@jest/globals';
import { execFile, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, stat, unlink, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { canMount, until } from '@scorpiofs/fuse/testing';
import { startMonoServer } from '@scorpiofs/mono-server';
import { Scratch } from './testing/scratch.js';

const run = promisify(execFile);
const mounted = canMount() ? describe : describe.skip;
const BIG = 'big '.repeat(1_500_000);
const FILES = { 'README.md': '# here\n', 'src/a.txt': 'a\n', 'src/deep/b.txt': 'b\n', big: BIG };

const blobId = (content: string): string =>
  createHash('sha1').update(`blob ${content.length}\0`).update(content).digest('hex');

const errnoOf = (path: string) =>
  readFile(path).then(
    () => 'read',
    (error: NodeJS.ErrnoException) => error.code,
  );

/** A tree that git itself would not make. */
function rawTree(repo: string, entries: readonly [name: string, oid: string][]): string {
  const body = entries.map(([name, oid]) =>
    Buffer.concat([Buffer.from(`100644 ${name}\0`, 'latin1'), Buffer.from(oid, 'hex')]),
  );
  const argv = ['-C', repo, 'hash-object', '-t', 'tree', '-w', '--literally', '--stdin'];
  return execFileSync('git', argv, { input: Buffer.concat(body) })
    .toString()
    .trim();
}

mounted('servers and disks that fail (skipped without root and /dev/fuse)', () => {
  test('issue 3: wrong content for an id, and a body that stops in the middle, are EIO for that file alone, and pass', async () => {
    await using scratch = new Scratch();
    const repo = scratch.repository(FILES);
    await using server = await startMonoServer({ repo });
    server.faults.set([{ kind: 'corrupt', oid: blobId('a\n') }]);
    const daemon = scratch.start(['-c', '/dev/null', 'serve'], { SCORPIO_BASE_URL: server.url });
    await daemon.url();
    const at = (path: string) => join(scratch.mnt, path);
    expect(await errnoOf(at('src/a.txt'))).toBe('EIO');
    expect(await readFile(at('src/deep/b.txt'), 'utf8')).toBe('b\n');
    server.faults.set([{ kind: 'truncate', bytes: 1_000_000 }]);
    expect(await errnoOf(at('big'))).toBe('EIO');
    expect((await stat(at('big'))).size).toBe(BIG.length);
    server.faults.clear();
    expect(await readFile(at('src/a.txt'), 'utf8')).toBe('a\n');
    expect(await readFile(at('big'), 'utf8')).toBe(BIG);
    expect(daemon.stderr).toMatch(/WARN|ERROR/);
    daemon.signal('SIGTERM');
    expect(await daemon.ended).toBe(0);
    expect(await scratch.mounts()).toEqual([]);
  });

  test('issue 3, D7: a server that takes connections and never answers: the daemon is up, says so, and ends at once', async () => {
    await using scratch = new Scratch();
    const sockets = new Set<Socket>();
    const silent = createServer((socket) => void sockets.add(socket.on('error', () => {})));
    await new Promise<void>((r) => silent.listen(0, '127.0.0.1', r));
    const { port } = silent.address() as AddressInfo;
    const daemon = scratch.start(['-c', '/dev/null', 'serve'], {
      SCORPIO_BASE_URL: `http://127.0.0.1:${port}`,
      SCORPIO_DICFUSE_FETCH_DIR_TIMEOUT_SECS: '1',
      SCORPIO_DICFUSE_FETCH_DIR_MAX_RETRIES: '1',
    });
    await daemon.said(/no view of the server yet; asking again .*within 1000 ms.* hint=/);
    await daemon.url();
    expect(await scratch.mounts()).not.toContain(scratch.mnt);
    daemon.signal('SIGTERM');
    expect(await daemon.ended).toBe(0);
    // At once: not when the question that is on its way has had its time, which here it never has.
    const asked = sockets.size;
    const patient = scratch.start(['-c', '/dev/null', 'serve'], {
      SCORPIO_BASE_URL: `http://127.0.0.1:${port}`,
      SCORPIO_DICFUSE_FETCH_DIR_TIMEOUT_SECS: '3600',
    });
    await until('it asks', () => sockets.size > asked);
    patient.signal('SIGTERM');
    expect(await patient.ended).toBe(0);
    for (const socket of sockets) socket.destroy();
    await new Promise((r) => silent.close(r));
  });

  test('issue 3, D7: a server that falls silent later: listings time out, a reader can be killed, the daemon ends', async () => {
    await using scratch = new Scratch();
    const repo = scratch.repository(FILES);
    await using server = await startMonoServer({ repo, extension: false });
    const daemon = scratch.start(['-c', '/dev/null', 'serve'], {
      SCORPIO_BASE_URL: server.url,
      SCORPIO_DICFUSE_FETCH_DIR_TIMEOUT_SECS: '1',
      SCORPIO_DICFUSE_FETCH_DIR_MAX_RETRIES: '1',
    });
    await daemon.said(/workspace mounted/);
    // A server that is slow for once may be too late for the second that it has.
    await until(
      'it answers',
      async () => (await errnoOf(join(scratch.mnt, 'README.md'))) === 'read',
    );
    server.faults.set([{ kind: 'delay', ms: 3_600_000 }]);
    await expect(readdir(join(scratch.mnt, 'src'))).rejects.toMatchObject({ code: 'ETIMEDOUT' });
    const cat = spawn('cat', [join(scratch.mnt, 'big')], { stdio: 'ignore' });
    await sleep(500);
    expect(cat.exitCode).toBe(null);
    const killed = once(cat, 'exit');
    cat.kill('SIGKILL');
    await killed;
    const another = spawn('cat', [join(scratch.mnt, 'big')], { stdio: 'ignore' });
    const failed = once(another, 'exit');
    await sleep(200);
    daemon.signal('SIGTERM');
    expect(await daemon.ended).toBe(0);
    expect((await failed)[0]).toBe(1);
    expect(await scratch.mounts()).toEqual([]);
  });

  test('issue 3, C10: names that no directory can have, and names that come twice, are left out and said once', async () => {
    await using scratch = new Scratch();
    const repo = scratch.repository(FILES);
    const [a, b] = [blobId('a\n'), blobId('b\n')];
    const names = ['', '.', '..', '../up', 'a/b', 'good', 'good', '/etc/passwd'];
    const tree = rawTree(
      repo,
      names.map((name, i) => [name, i % 2 === 0 ? a : b]),
    );
    const commit = execFileSync('git', [
      '-c',
      'user.name=t',
      '-c',
      'user.email=t@t',
      '-C',
      repo,
      'commit-tree',
      '-m',
      'bad',
      tree,
    ]);
    execFileSync('git', ['-C', repo, 'update-ref', 'HEAD', commit.toString().trim()]);
    const daemon = scratch.start(['serve', '--repo', repo]);
    await daemon.url();
    expect(await readdir(scratch.mnt)).toEqual(['good']);
    // The first of two is the one that git shows.
    expect(await readFile(join(scratch.mnt, 'good'), 'utf8')).toBe('b\n');
    for (const name of ['a/b', '../up'])
      expect(await errnoOf(`${scratch.mnt}/${name}`)).toBe('ENOENT');
    expect(daemon.stderr.match(/names that cannot be shown/g)).toHaveLength(1);
    daemon.signal('SIGTERM');
    expect(await daemon.ended).toBe(0);
  });

  test('issue 3: a full disk under the store is ENOSPC to the reader; what is stored is served, and with room all is well', async () => {
    await using scratch = new Scratch();
    const repo = scratch.repository(FILES);
    const store = join(scratch.dir, 'store');
    await mkdir(store);
    await run('mount', ['-t', 'tmpfs', '-o', 'size=12m', 'scorpio-test', store]);
    const daemon = scratch.start(['serve', '--repo', repo]);
    await daemon.url();
    const at = (path: string) => join(scratch.mnt, path);
    expect(await readFile(at('README.md'), 'utf8')).toBe('# here\n');
    const ballast = join(store, 'ballast');
    await run('dd', ['if=/dev/zero', `of=${ballast}`, 'bs=64k']).catch(() => undefined);
    expect(await errnoOf(at('big'))).toBe('ENOSPC');
    expect(await errnoOf(at('src/deep/b.txt'))).toMatch(/^(read|ENOSPC)$/);
    expect(await readFile(at('README.md'), 'utf8')).toBe('# here\n');
    await unlink(ballast);
    expect(await readFile(at('big'), 'utf8')).toBe(BIG);
    expect(await readFile(at('src/deep/b.txt'), 'utf8')).toBe('b\n');
    daemon.signal('SIGTERM');
    expect(await daemon.ended).toBe(0);
    await writeFile(join(store, 'still-writable'), '');
    await run('umount', [store]);
  });
});
