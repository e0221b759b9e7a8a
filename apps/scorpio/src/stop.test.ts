import { describe, expect, test } from '@jest/globals';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { canMount, until } from '@scorpiofs/fuse/testing';
import { gone, type Program } from './testing/program.js';
import { Scratch } from './testing/scratch.js';
import { unfinished } from './testing/unfinished.js';

const mounted = canMount() ? describe : describe.skip;
const FILES = { 'README.md': '# here\n', 'src/a.txt': 'a\n' };

/** `serve` over an embedded server; `antares serve` needs one that is started by hand. */
async function daemons(
  scratch: Scratch,
  repo = scratch.repository(FILES),
): Promise<{ serve: Program; antares: Program }> {
  const mono = scratch.start(['mono', '--repo', repo, '--bind', '127.0.0.1:0']);
  const [url] = await mono.said(/http:\/\/\S+/);
  const serve = scratch.start(['-c', '/dev/null', 'serve'], { SCORPIO_BASE_URL: url });
  const own = ['upper', 'cl', 'mnt'].map((name) => [
    `SCORPIO_ANTARES_${name === 'mnt' ? 'MOUNT' : name.toUpperCase()}_ROOT`,
    join(scratch.dir, 'second', name),
  ]);
  const env = {
    ...Object.fromEntries(own),
    SCORPIO_BASE_URL: url,
    SCORPIO_ANTARES_STATE_FILE: join(scratch.dir, 'second/state.toml'),
  } as Record<string, string>;
  const argv = ['--config-path', '/dev/null', 'serve'];
  const antares = scratch.startAntares(argv, env);
  return { serve, antares };
}

/** Status of the answer; a daemon that has no view of the server yet is asked again. */
async function job(url: string, name: string): Promise<number> {
  let status = 503;
  await until('it has a view', async () => {
    const answer = await fetch(`${url}/mounts`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ path: '/', job_id: name }),
    });
    ({ status } = answer);
    return status !== 503;
  });
  return status;
}

// All at once: the first one waits 20 s for a limit.
mounted('stopping a daemon (skipped without root and /dev/fuse)', () => {
  test.concurrent(
    'SRV-05, SRV-13, SRV-15, K-12, K-37: an unfinished request is cut off at the limit; exit 1, nothing mounted',
    async () => {
      await using scratch = new Scratch();
      const { serve, antares } = await daemons(scratch);
      expect(await job(`${await serve.url()}/antares`, 'a')).toBe(200);
      expect(await job(await antares.url(), 'b')).toBe(200);
      const holds = await Promise.all(
        [serve, antares].map(
          async (d) => await unfinished(await d.url(), 'GET /health HTTP/1.1\r\n'),
        ),
      );
      for (const daemon of [serve, antares]) daemon.signal('SIGTERM');
      expect(await antares.ended).toBe(1);
      expect(await serve.ended).toBe(1);
      expect(serve.stderr).toContain(
        'HTTP requests did not end in time and were cut off limit_ms=20000',
      );
      expect(await scratch.mounts()).toEqual([]);
      for (const socket of holds) socket.destroy();
    },
  );

  test.concurrent(
    'SRV-09, SRV-10, SRV-13: 20 views end within the limit, SIGTERM is exit 0, and a late request for another is 503',
    async () => {
      await using scratch = new Scratch();
      const { serve, antares } = await daemons(scratch);
      const url = await antares.url();
      await serve.url();
      for (let i = 0; i < 20; i++) expect(await job(url, `job-${i}`)).toBe(200);
      const late = await unfinished(url, 'POST /mounts HTTP/1.1\r\nHost: 127.0.0.1\r\n');
      antares.signal('SIGTERM');
      await antares.said(/stopping/);
      const body = '{"path":"/","job_id":"late"}';
      late.write(
        `Content-Type: application/json\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`,
      );
      // Beyond the limit it would be 1.
      expect(await antares.ended).toBe(0);
      expect(late.said()).toMatch(/^HTTP\/1.1 503 /);
      expect(await scratch.mounts()).toEqual([scratch.mnt, join(scratch.dir, 'antares/base')]);
      serve.signal('SIGTERM');
      expect(await serve.ended).toBe(0);
      expect(await scratch.mounts()).toEqual([]);
    },
  );

  test.concurrent(
    'K-20, issue 6: two signals at once end with 1 and name what stays mounted; the next start cleans it',
    async () => {
      await using scratch = new Scratch();
      const { serve, antares } = await daemons(scratch);
      for (const daemon of [serve, antares]) {
        const url = await daemon.url();
        const at = daemon === serve ? `${url}/antares` : url;
        for (let i = 0; i < 5; i++) expect(await job(at, `job-${i}`)).toBe(200);
      }
      for (const daemon of [serve, antares]) {
        // Both are there when it goes on.
        daemon.signal('SIGSTOP');
        daemon.signal('SIGTERM');
        daemon.signal('SIGINT');
        daemon.signal('SIGCONT');
        expect(await daemon.ended).toBe(1);
      }
      const left = await scratch.mounts();
      const said = serve.stderr + antares.stderr;
      expect(antares.stderr).toContain('left mounted');
      for (const path of left)
        expect(said).toContain(`left mounted; the next start takes it away mountpoint=${path}`);
      const again = await daemons(scratch, join(scratch.dir, 'repo'));
      await again.antares.url();
      await again.serve.url();
      for (const daemon of [again.serve, again.antares]) {
        daemon.signal('SIGTERM');
        expect(await daemon.ended).toBe(0);
      }
      expect(await scratch.mounts()).toEqual([]);
    },
  );

  test.concurrent(
    'SRV-08: a signal at any moment of the start leaves no mount and no process',
    async () => {
      await using scratch = new Scratch();
      const repo = scratch.repository(FILES);
      for (const ms of [400, 600, 900]) {
        const daemon = scratch.start(['serve', '--repo', repo]);
        await new Promise((r) => setTimeout(r, ms));
        const children = daemon.children();
        daemon.signal('SIGTERM');
        // Killed by the signal itself as long as the program is not loaded; ended in order from then on.
        expect([0, -2]).toContain(await daemon.ended);
        expect(await scratch.mounts()).toEqual([]);
        for (const pid of children) await gone(pid);
      }
    },
  );

  test.concurrent(
    'SRV-07, K-19, fs: R-03, issue 3: killed with SIGKILL, it starts again over its dead mount',
    async () => {
      await using scratch = new Scratch();
      const repo = scratch.repository(FILES);
      const first = scratch.start(['serve', '--repo', repo]);
      await first.url();
      expect(await readFile(join(scratch.mnt, 'README.md'), 'utf8')).toBe(FILES['README.md']);
      const [embedded = 0] = first.children();
      first.signal('SIGKILL');
      expect(await first.ended).toBe(-2);
      await gone(embedded);
      expect(await scratch.mounts()).toContain(scratch.mnt);
      await expect(readdir(scratch.mnt)).rejects.toMatchObject({ code: 'ENOTCONN' });
      // A dead mount in the place of a store is nobody's to detach: named, by whatever touches it first.
      const elsewhere = scratch.start(['serve', '--repo', repo], {
        SCORPIO_WORKSPACE: join(scratch.dir, 'other'),
        SCORPIO_STORE_PATH: scratch.mnt,
      });
      expect([1, 2]).toContain(await elsewhere.ended);
      expect(elsewhere.stderr).toMatch(/ERROR .*not connected.* hint=/);
      const second = scratch.start(['serve', '--repo', repo]);
      await second.url();
      expect(second.stderr).toContain('detached a dead mount');
      expect(await scratch.mounts()).toContain(scratch.mnt);
      expect(await readFile(join(scratch.mnt, 'src/a.txt'), 'utf8')).toBe('a\n');
      second.signal('SIGTERM');
      expect(await second.ended).toBe(0);
      expect(await scratch.mounts()).toEqual([]);
    },
  );

  test.concurrent(
    'SRV-06, K-19: a busy workspace is taken away at stop, and the next start works',
    async () => {
      await using scratch = new Scratch();
      const repo = scratch.repository(FILES);
      const daemon = scratch.start(['serve', '--repo', repo]);
      await daemon.url();
      // A shell that stands in the mount.
      const busy = scratch.start([], {}, [
        'sh',
        '-c',
        `cd ${scratch.mnt} && echo in >&2 && exec sleep 600`,
      ]);
      await busy.said(/in/);
      daemon.signal('SIGTERM');
      expect(await daemon.ended).toBe(0);
      expect(await scratch.mounts()).toEqual([]);
      const again = scratch.start(['serve', '--repo', repo]);
      await again.url();
      again.signal('SIGTERM');
      expect(await again.ended).toBe(0);
      await busy.kill();
    },
  );
});
