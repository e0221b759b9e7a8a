import { describe, expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { canMount } from '@scorpiofs/fuse/testing';
import { startMonoServer } from '@scorpiofs/mono-server';
import { freePort } from './testing/free-port.js';
import { gone } from './testing/program.js';
import { Scratch } from './testing/scratch.js';
import { unfinished } from './testing/unfinished.js';

const mounted = canMount() ? describe : describe.skip;
const FILES = { 'README.md': '# here\n', 'src/a.txt': 'a\n', 'src/deep/b.txt': 'b\n'.repeat(5000) };

mounted('serve (skipped without root and /dev/fuse)', () => {
  test('issue 3, SRV-04, SRV-14: mounts a repository, serves it, and ends with nothing left', async () => {
    await using scratch = new Scratch();
    const repo = scratch.repository(FILES);
    const daemon = scratch.start(['serve', '--repo', repo]);
    const url = await daemon.url();
    expect(await scratch.mounts()).toContain(scratch.mnt);
    expect(await readdir(scratch.mnt)).toEqual(['README.md', 'src']);
    expect(await readFile(join(scratch.mnt, 'src/deep/b.txt'), 'utf8')).toBe(
      FILES['src/deep/b.txt'],
    );
    expect((await stat(join(scratch.mnt, 'src/a.txt'))).size).toBe(2);
    const socket = join(scratch.dir, 'antares/scorpio.sock');
    expect((await stat(socket)).mode & 0o777).toBe(0o600);
    expect(await (await fetch(`${url}/health`)).json()).toMatchObject({
      status: 'ok',
      mount_count: 0,
    });
    expect((await fetch(`${url}/ready`)).status).toBe(200);
    const [embedded = 0] = daemon.children();
    daemon.signal('SIGINT');
    expect(await daemon.ended).toBe(0);
    expect(await scratch.mounts()).toEqual([]);
    await gone(embedded);
    expect(daemon.stdout).toBe('');
    expect(daemon.stderr).not.toContain('\u001b');
    expect(readFileSync(join(scratch.dir, 'config.toml'), 'utf8')).toBe('works = []\n');
  });

  test('SRV-04, K-20: SIGHUP unmounts and ends with 0', async () => {
    await using scratch = new Scratch();
    const daemon = scratch.start(['serve', '--repo', scratch.repository(FILES)]);
    await daemon.url();
    daemon.signal('SIGHUP');
    expect(await daemon.ended).toBe(0);
    expect(await scratch.mounts()).toEqual([]);
  });

  test('K-20: a second signal ends at once with 1, and the mount is gone', async () => {
    await using scratch = new Scratch();
    const daemon = scratch.start(['serve', '--repo', scratch.repository(FILES)]);
    const url = await daemon.url();
    const [embedded = 0] = daemon.children();
    // A request that never ends holds the orderly stop up for 20 s.
    const socket = await unfinished(url, 'GET /health HTTP/1.1\r\n');
    daemon.signal('SIGTERM');
    await daemon.said(/stopping/);
    daemon.signal('SIGTERM');
    expect(await daemon.ended).toBe(1);
    expect(daemon.stderr).toContain('second signal: ending at once');
    expect(daemon.stderr).not.toContain('cut off');
    // Where a second was not enough for that, it says what stays.
    const left = (await scratch.mounts()).filter(
      (path) => !daemon.stderr.includes(`mountpoint=${path} limit_ms=1000`),
    );
    expect(left).toEqual([]);
    await gone(embedded);
    socket.destroy();
  });

  test('K-33: a workspace that somebody unmounts ends the daemon with 1', async () => {
    await using scratch = new Scratch();
    const daemon = scratch.start(['serve', '--repo', scratch.repository(FILES)]);
    await daemon.url();
    execFileSync('umount', [scratch.mnt], { timeout: 120_000 });
    expect(await daemon.ended).toBe(1);
    expect(daemon.stderr).toContain('unmounted by somebody else');
  });

  test('an embedded server that dies ends the daemon with 1 and a sentence, and nothing stays', async () => {
    await using scratch = new Scratch();
    const daemon = scratch.start(['serve', '--repo', scratch.repository(FILES)]);
    await daemon.url();
    for (const pid of daemon.children()) process.kill(pid, 'SIGKILL');
    expect(await daemon.ended).toBe(1);
    expect(daemon.stderr).toMatch(/ERROR the embedded server has ended by itself hint=/);
    expect(await scratch.mounts()).toEqual([]);
  });

  test('SRV-11, K-13, issue 3: a server that cannot be reached: the daemon is up and says so, and mounts once it can', async () => {
    await using scratch = new Scratch();
    const repo = scratch.repository(FILES);
    const port = await freePort();
    const daemon = scratch.start(['-c', '/dev/null', 'serve'], {
      SCORPIO_BASE_URL: `http://127.0.0.1:${port}/`,
    });
    const url = await daemon.url();
    expect((await fetch(`${url}/health`)).status).toBe(200);
    const waiting = await fetch(`${url}/ready`);
    expect(waiting.status).toBe(503);
    expect(await waiting.json()).toMatchObject({ ready: false, reason: expect.any(String) });
    expect(daemon.stderr).toMatch(/WARN no view of the server yet; asking again .*hint=/);
    expect(await scratch.mounts()).not.toContain(scratch.mnt);
    await using _server = await startMonoServer({ repo, bind: `127.0.0.1:${port}` });
    await daemon.said(/workspace mounted/);
    expect(await readFile(join(scratch.mnt, 'README.md'), 'utf8')).toBe(FILES['README.md']);
    daemon.signal('SIGTERM');
    expect(await daemon.ended).toBe(0);
  });

  test('D6, issue 3: with the server gone, what is stored is served after a restart, and the rest is an error', async () => {
    await using scratch = new Scratch();
    const repo = scratch.repository({ ...FILES, 'far/away/c.txt': 'c\n' });
    const server = await startMonoServer({ repo });
    const env = { SCORPIO_BASE_URL: server.url, SCORPIO_DICFUSE_FETCH_DIR_MAX_RETRIES: '1' };
    const first = scratch.start(['-c', '/dev/null', 'serve'], env);
    await first.url();
    expect(await readFile(join(scratch.mnt, 'README.md'), 'utf8')).toBe(FILES['README.md']);
    first.signal('SIGTERM');
    expect(await first.ended).toBe(0);
    await server.close();
    const second = scratch.start(['-c', '/dev/null', 'serve'], env);
    await second.said(/workspace mounted/);
    expect(second.stderr).toContain('serving what is stored of the revision shown last');
    expect(await readdir(scratch.mnt)).toEqual(['README.md', 'far', 'src']);
    expect(await readFile(join(scratch.mnt, 'README.md'), 'utf8')).toBe(FILES['README.md']);
    await expect(readFile(join(scratch.mnt, 'src/deep/b.txt'))).rejects.toMatchObject({
      code: expect.stringMatching(/^(EIO|ETIMEDOUT)$/),
    });
    second.signal('SIGTERM');
    expect(await second.ended).toBe(0);
  });
});
