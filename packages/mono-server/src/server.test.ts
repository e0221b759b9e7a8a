import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { startMonoServer } from './server.js';
import { git } from './testing/git.js';
import { sampleRepository } from './testing/sample-repository.js';
import { tempDir } from './testing/temp-dir.js';

describe('startMonoServer', () => {
  test('D10: serves HEAD of a repository without writing to it, and leaves nothing behind', async () => {
    await using dir = await tempDir();
    const head = await sampleRepository(dir.path);
    const listing = async (): Promise<string> =>
      (await git(dir.path, 'count-objects', '-v')) + readdirSync(join(dir.path, '.git')).join();
    const before = await listing();
    const server = await startMonoServer({ repo: dir.path });
    const answer = await fetch(`${server.url}/api/v1/latest-commit?path=/`);
    expect(await answer.json()).toMatchObject({ oid: head, short_message: 'second' });
    expect(server.gitProcesses).toBeGreaterThan(0);
    await server.close();
    expect(server.gitProcesses).toBe(0);
    expect(existsSync(server.dataDir)).toBe(false);
    expect(await listing()).toBe(before);
  });

  test('D10: bare repositories, linked worktrees and sub-directories are served alike', async () => {
    await using dir = await tempDir();
    const head = await sampleRepository(dir.path);
    await using other = await tempDir();
    const bare = join(other.path, 'bare.git');
    const linked = join(other.path, 'linked');
    await git(dir.path, 'clone', '--quiet', '--bare', dir.path, bare);
    await git(dir.path, 'worktree', 'add', '--quiet', '--detach', linked);
    for (const repo of [bare, linked, join(dir.path, 'src')]) {
      await using server = await startMonoServer({ repo });
      const answer = await fetch(`${server.url}/api/v1/latest-commit?path=/src/a.ts`);
      expect(await answer.json()).toMatchObject({ oid: head });
    }
  });

  test('a shallow clone is served; its history ends at the boundary', async () => {
    await using dir = await tempDir();
    const head = await sampleRepository(dir.path);
    await using other = await tempDir();
    await git(other.path, 'clone', '--quiet', '--depth=1', `file://${dir.path}`, 'shallow');
    await using server = await startMonoServer({ repo: join(other.path, 'shallow') });
    const answer = await fetch(`${server.url}/api/v1/latest-commit?path=/README.md`);
    expect(await answer.json()).toMatchObject({ oid: head });
  });

  test.each([
    ['a missing path', 'MONO_NOT_A_REPOSITORY', async (at: string) => join(at, 'nope')],
    ['a plain directory', 'MONO_NOT_A_REPOSITORY', async (at: string) => at],
    [
      'a repository without commits',
      'MONO_NO_COMMITS',
      async (at: string) => {
        await git(at, 'init', '--quiet');
        return at;
      },
    ],
    [
      'a SHA-256 repository',
      'MONO_SHA256',
      async (at: string) => {
        await git(at, 'init', '--quiet', '--object-format=sha256');
        await git(at, 'commit', '--quiet', '--allow-empty', '-m', 'x');
        return at;
      },
    ],
  ])('bad input: %s is refused with %s and a hint', async (_what, code, make) => {
    await using dir = await tempDir();
    const refused = startMonoServer({ repo: await make(dir.path) });
    await expect(refused).rejects.toMatchObject({ code, hint: expect.stringMatching(/\w/) });
  });

  test('bad input: a start that fails leaves no temporary directory', async () => {
    await using dir = await tempDir();
    const entry = new URL('../dist/index.js', import.meta.url).href;
    const script = `
      const { startMonoServer } = await import(${JSON.stringify(entry)});
      await startMonoServer({ repo: process.cwd() }).catch((e) => console.log(e.code));`;
    const child = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
      cwd: dir.path,
      env: { ...process.env, TMPDIR: dir.path },
      encoding: 'utf8',
    });
    expect(child.stdout).toBe('MONO_NOT_A_REPOSITORY\n');
    expect(readdirSync(dir.path)).toEqual([]);
  });

  test('bad input: a busy port, a bad address, no repository at all', async () => {
    await using dir = await tempDir();
    await sampleRepository(dir.path);
    await using first = await startMonoServer({ repo: dir.path });
    const bind = first.url.replace('http://', '');
    await expect(startMonoServer({ repo: dir.path, bind })).rejects.toMatchObject({
      code: 'MONO_BIND',
    });
    await expect(startMonoServer({ repo: dir.path, bind: 'nonsense' })).rejects.toMatchObject({
      code: 'MONO_BAD_OPTION',
    });
    await expect(startMonoServer({})).rejects.toMatchObject({ code: 'MONO_BAD_OPTION' });
  });

  test('D9: a state file that does not parse is refused, not replaced', async () => {
    await using dir = await tempDir();
    await sampleRepository(dir.path);
    await using data = await tempDir();
    await writeFile(join(data.path, 'state.json'), '{"version":1,');
    const refused = startMonoServer({ repo: dir.path, dataDir: data.path });
    await expect(refused).rejects.toMatchObject({ code: 'MONO_DATA_DIR' });
    expect(existsSync(data.path)).toBe(true);
  });

  test('variables of the caller do not lead git elsewhere', async () => {
    await using dir = await tempDir();
    const head = await sampleRepository(dir.path);
    process.env['GIT_DIR'] = '/nonexistent';
    try {
      await using server = await startMonoServer({ repo: dir.path });
      const answer = await fetch(`${server.url}/api/v1/latest-commit?path=/`);
      expect(await answer.json()).toMatchObject({ oid: head });
    } finally {
      delete process.env['GIT_DIR'];
    }
  });
});
