import { describe, expect, test } from '@jest/globals';
import { execFile } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { canMount } from '@scorpiofs/fuse/testing';
import { startMonoServer } from '@scorpiofs/mono-server';
import { Scratch } from './testing/scratch.js';

const mounted = canMount() ? describe : describe.skip;

async function doctor(scratch: Scratch, argv: string[] = [], env: Record<string, string> = {}) {
  const program = scratch.start(['doctor', ...argv], { TMPDIR: scratch.dir, ...env });
  const code = await program.ended;
  const line = (name: string) =>
    new RegExp(`^\\[.{4}\\] ${name}: .*$`, 'm').exec(program.stdout)?.[0];
  return { code, line, stdout: program.stdout, stderr: program.stderr };
}

/** As its hint says: again in a while, where a daemon was too slow to answer. */
async function answered(...asked: Parameters<typeof doctor>): ReturnType<typeof doctor> {
  for (;;) {
    const said = await doctor(...asked);
    if (!/do(es)? not answer/.test(said.stdout)) return said;
  }
}

mounted('doctor beside daemons (skipped without root and /dev/fuse)', () => {
  test('DOC-07, K-39: exit 0 while our own daemon serves the workspace', async () => {
    await using scratch = new Scratch();
    const daemon = scratch.start(['serve', '--repo', scratch.repository({ a: '' })]);
    const url = await daemon.url();
    const said = await answered(scratch, [], { SCORPIO_HTTP_ADDR: new URL(url).host });
    expect(said.line('workspace')).toBe(
      `[ OK ] workspace: ${scratch.mnt} is mounted by a running daemon`,
    );
    expect(said.line('dead mounts')).toBe(
      `[ OK ] dead mounts: none (${(await scratch.mounts()).length} alive)`,
    );
    expect(said.line('http address')).toContain('[ OK ]');
    expect(said.code).toBe(0);
    daemon.signal('SIGTERM');
    expect(await daemon.ended).toBe(0);
  });

  test('issue 6 item 3: a dead mount is found, and mended with --fix; nothing else is touched', async () => {
    await using scratch = new Scratch();
    const daemon = scratch.start(['serve', '--repo', scratch.repository({ a: '' })]);
    await daemon.url();
    daemon.signal('SIGKILL');
    await daemon.ended;
    const before = await answered(scratch);
    expect(before.code).toBe(1);
    expect(before.line('workspace')).toContain('[FAIL]');
    // The workspace, and what jobs stand on.
    const dead = await scratch.mounts();
    expect(dead).toContain(scratch.mnt);
    expect(before.line('dead mounts')).toBe(`[FAIL] dead mounts: ${dead.join(', ')}`);
    const after = await doctor(scratch, ['--fix']);
    // In one line, or in several where one of them was slow to be found dead.
    const fixed = after.stderr
      .split('\n')
      .flatMap((line) => line.replace(/^fixing dead mounts: /, '').split('; '));
    expect(fixed.sort()).toEqual(['', ...dead.map((m) => `detached ${m}`)].sort());
    expect(after.line('workspace')).toBe(`[ OK ] workspace: ${scratch.mnt} is writable`);
    expect(after.code).toBe(0);
    expect(await scratch.mounts()).toEqual([]);
  });

  test('DOC-06: --deep mounts, writes, reads, unmounts', async () => {
    await using scratch = new Scratch();
    const said = await doctor(scratch, ['--deep']);
    expect(said.line('trial mount')).toMatch(
      /^\[ OK \] trial mount: mounted, written, renamed, read .* and unmounted/,
    );
    expect(await scratch.mounts()).toEqual([]);
  });
});

mounted('what doctor leaves alone (skipped without root and /dev/fuse)', () => {
  test('issue 6 item 3: a place in a mount whose daemon is stopped is named, and not touched: doctor ends', async () => {
    await using scratch = new Scratch();
    const daemon = scratch.start(['serve', '--repo', scratch.repository({ a: '' })]);
    await daemon.url();
    const all = await scratch.mounts();
    daemon.signal('SIGSTOP');
    try {
      const env = {
        SCORPIO_WORKSPACE: join(scratch.dir, 'other'),
        SCORPIO_STORE_PATH: join(scratch.mnt, 'a/store'),
      };
      const said = await doctor(scratch, ['--fix'], env);
      expect(said.line('store_path')).toContain(`in ${scratch.mnt}, a mount that does not answer`);
      expect(said.line('disk space')).toContain('does not answer');
      expect(said.code).toBe(1);
      expect(said.stderr).toBe('');
      expect(await scratch.mounts()).toEqual(all);
    } finally {
      daemon.signal('SIGCONT');
    }
    daemon.signal('SIGTERM');
    expect(await daemon.ended).toBe(0);
  });

  test('issue 6 item 3: another type of mount is not touched by --fix, dead or not', async () => {
    await using scratch = new Scratch();
    mkdirSync(scratch.mnt);
    const source = join(import.meta.dirname, '../../../packages/fuse/dist/index.js');
    const main = scratch.write(
      'other.mjs',
      `import { MemoryFs, mount } from '${source}';
       await mount(new MemoryFs(), process.argv[2], { subtype: 'others' });
       process.kill(process.pid, 'SIGKILL');`,
    );
    await promisify(execFile)(process.execPath, [main, scratch.mnt]).catch(() => {});
    const said = await doctor(scratch, ['--fix']);
    expect(said.line('workspace')).toContain('another file system is mounted there (fuse.others)');
    expect(said.line('dead mounts')).toBe('[ OK ] dead mounts: none (0 alive)');
    expect(said.code).toBe(1);
    expect(await scratch.mounts()).toEqual([scratch.mnt]);
  });
});

describe('doctor', () => {
  test('issue 6 item 3: --fix makes missing directories as a daemon would, and says so', async () => {
    await using scratch = new Scratch();
    const before = await doctor(scratch);
    expect(before.line('directories')).toContain(scratch.mnt);
    expect(readdirSync(scratch.dir)).toEqual([]);
    const said = await doctor(scratch, ['--fix']);
    expect(said.stderr).toMatch(/^fixing directories: made .*\/mnt, .*\/store, .*config\.toml\n$/);
    expect(statSync(join(scratch.dir, 'store')).mode & 0o777).toBe(0o700);
    expect(said.line('directories')).toBe('[ OK ] directories: all there');
    expect((await doctor(scratch, ['--fix'])).stderr).toBe('');
  });

  test('issue 6 item 3: --bundle writes one file for this user alone, without secrets, and no second time', async () => {
    await using scratch = new Scratch();
    const env = {
      SCORPIO_HTTP_TOKEN: 'geheim',
      PLANTED_TOKEN: 'planted-value',
      https_proxy: 'http://u:planted-proxy@127.0.0.1:9',
      // A secret in the place of something else is not shown either.
      SCORPIO_LFS_URL: 'http://127.0.0.1:9/planted-value',
      SCORPIO_BASE_URL: 'http://me:password1@127.0.0.1:9',
    };
    const first = await doctor(scratch, ['--bundle', 'report.json'], env);
    expect(first.stderr).toContain('report.json');
    const path = join(scratch.dir, 'report.json');
    const text = readFileSync(path, 'utf8');
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(Object.keys(JSON.parse(text) as object)).toEqual([
      'made',
      'versions',
      'doctor',
      'config',
      'environment',
      'mounts',
      'log',
    ]);
    expect(text).not.toMatch(/geheim|password1|planted/);
    expect(text).toContain('"PLANTED_TOKEN"');
    const second = await doctor(scratch, ['--bundle', 'report.json'], env);
    expect(second.code).toBe(1);
    expect(second.stderr).toMatch(/cannot write report\.json: File already exists/i);
    expect(readFileSync(path, 'utf8')).toBe(text);
  });

  test('CMD-09: `config validate --deep` also checks places and server', async () => {
    await using scratch = new Scratch();
    await using server = await startMonoServer({ repo: scratch.repository({ a: '' }) });
    scratch.write('scorpio.toml', '');
    const validate = (env: Record<string, string>, ...more: string[]) =>
      scratch.start(['config', 'validate', '--deep', ...more], env);
    const good = validate({ SCORPIO_BASE_URL: server.url });
    expect(await good.ended).toBe(0);
    expect(good.stdout).toBe('scorpio.toml: OK\n');
    scratch.write('file', '');
    const env = {
      SCORPIO_BASE_URL: 'http://127.0.0.1:9',
      SCORPIO_STORE_PATH: join(scratch.dir, 'file'),
    };
    const bad = validate(env);
    const json = validate(env, '--json');
    expect([await bad.ended, await json.ended]).toEqual([2, 2]);
    expect(JSON.parse(json.stdout)).toMatchObject({
      ok: false,
      problems: [],
      deep: [{ name: 'store_path' }, { name: 'mega api', detail: expect.any(String) }],
    });
    expect(bad.stderr).toMatch(
      /^scorpio\.toml: 2 problem\(s\) found:\n {2}- store_path: .*not a directory\n {2}- mega api: .*unreachable/,
    );
    expect(bad.stdout).toBe('');
  });
});
