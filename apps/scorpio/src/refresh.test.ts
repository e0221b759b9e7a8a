import { describe, expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { open, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { canMount } from '@scorpiofs/fuse/testing';
import { startMonoServer } from '@scorpiofs/mono-server';
import { freePort } from './testing/free-port.js';
import { Scratch } from './testing/scratch.js';

const mounted = canMount() ? describe : describe.skip;
const FILES = { 'README.md': '# here\n', 'src/a.txt': 'before\n', 'src/deep/b.txt': 'b\n' };

function commit(repo: string, files: Record<string, string>): string {
  for (const [path, content] of Object.entries(files)) writeFileSync(join(repo, path), content);
  const git = (...argv: string[]) =>
    execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@t', '-C', repo, ...argv]);
  git('add', '-A');
  git('commit', '-qm', 'next');
  return git('rev-parse', 'HEAD').toString().trim();
}

const post = async (url: string, body?: object) => {
  const answer = await fetch(url, {
    method: 'POST',
    ...(body && {
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    }),
  });
  return {
    status: answer.status,
    body: (await answer.json()) as Record<string, string>,
  };
};

mounted('a commit while it is mounted (skipped without root and /dev/fuse)', () => {
  test('D2, issue 3 item 7: the workspace stays pinned until it is refreshed; open files keep their bytes; jobs refresh too', async () => {
    await using scratch = new Scratch();
    const repo = scratch.repository(FILES);
    const daemon = scratch.start(['serve', '--repo', repo]);
    const url = await daemon.url();
    const at = (path: string) => join(scratch.mnt, path);
    expect(await readFile(at('README.md'), 'utf8')).toBe('# here\n');
    expect(await readdir(at('src'))).toEqual(['a.txt', 'deep']);
    await using held = await open(at('src/a.txt'), 'r');
    const first = await held.read(Buffer.alloc(3), 0, 3, 0);
    expect(first.buffer.toString()).toBe('bef');
    const job = await post(`${url}/antares/mounts`, { path: '/src', job_id: 'one' });
    expect(job.status).toBe(200);
    const view = (path: string) => join(job.body['mountpoint'] ?? '', path);
    expect(await readFile(view('a.txt'), 'utf8')).toBe('before\n');

    const next = commit(repo, { 'src/a.txt': 'after!\n', 'src/new.txt': 'new\n' });
    expect(await readdir(at('src'))).toEqual(['a.txt', 'deep']);
    const moved = await post(`${url}/workspace/refresh`);
    expect(moved).toMatchObject({ status: 200, body: { revision: next, directories: 2 } });
    expect(await readdir(at('src'))).toEqual(['a.txt', 'deep', 'new.txt']);
    expect(await readFile(at('src/a.txt'), 'utf8')).toBe('after!\n');
    expect(await readFile(at('src/new.txt'), 'utf8')).toBe('new\n');
    const rest = await held.read(Buffer.alloc(20), 0, 20, 0);
    expect(rest.buffer.toString('utf8', 0, rest.bytesRead)).toBe('before\n');
    expect(await post(`${url}/workspace/refresh`)).toMatchObject({
      status: 200,
      body: { revision: next, previous: next, directories: 0 },
    });
    expect((await fetch(`${url}/workspace/refresh`)).status).toBe(405);

    expect(await readFile(view('a.txt'), 'utf8')).toBe('before\n');
    const id = job.body['mount_id'] ?? '';
    const refreshed = await post(`${url}/antares/mounts/${id}/refresh`, {});
    expect(refreshed).toMatchObject({ status: 200, body: { revision: next } });
    expect(await readFile(view('a.txt'), 'utf8')).toBe('after!\n');
    await fetch(`${url}/antares/mounts/${id}`, { method: 'DELETE' });
    await held.close();
    daemon.signal('SIGTERM');
    expect(await daemon.ended).toBe(0);
  });

  test('D6, fs: D-31 (as D2 has it): a refresh that cannot reach the server says so and leaves the workspace as it is; later it works', async () => {
    await using scratch = new Scratch();
    const repo = scratch.repository(FILES);
    const bind = `127.0.0.1:${await freePort()}`;
    const server = await startMonoServer({ repo, bind });
    const daemon = scratch.start(['-c', '/dev/null', 'serve'], {
      SCORPIO_BASE_URL: server.url,
      SCORPIO_DICFUSE_FETCH_DIR_MAX_RETRIES: '1',
    });
    const url = await daemon.url();
    expect(await readFile(join(scratch.mnt, 'src/a.txt'), 'utf8')).toBe('before\n');
    await server.close();
    const refused = await post(`${url}/workspace/refresh`);
    expect(refused).toMatchObject({ status: 500, body: { code: 'INTERNAL_ERROR' } });
    expect(refused.body['error']).toMatch(/the workspace stays at [0-9a-f]{40}: .*ECONNREFUSED/);
    expect(await readFile(join(scratch.mnt, 'src/a.txt'), 'utf8')).toBe('before\n');
    const next = commit(repo, { 'src/a.txt': 'after!\n' });
    await using _again = await startMonoServer({ repo, bind });
    expect(await post(`${url}/workspace/refresh`)).toMatchObject({
      status: 200,
      body: { revision: next },
    });
    expect(await readFile(join(scratch.mnt, 'src/a.txt'), 'utf8')).toBe('after!\n');
    daemon.signal('SIGTERM');
    expect(await daemon.ended).toBe(0);
  });
});
