import { expect, test } from '@jest/globals';
import { execFile, spawnSync } from 'node:child_process';
import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { canMount } from '@scorpiofs/fuse/testing';
import { startMonoServer } from '@scorpiofs/mono-server';
import { Scratch } from './testing/scratch.js';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const run = promisify(execFile);
const own = ['--fork', '--kill-child', '--pid', '--mount', '--mount-proc'];
/** An /etc of its own, with the configuration where the image has it; then the entry point, as PID 1. */
const SCRIPT = `mount -t tmpfs none "$1" && mkdir "$1/up" "$1/work"
mount -t overlay -o "lowerdir=/etc,upperdir=$1/up,workdir=$1/work" none /etc
mkdir -p /etc/scorpiofs && : >/etc/scorpiofs/scorpio.toml
exec "$2" serve --http-addr 127.0.0.1:0`;
const canTry =
  canMount() && spawnSync('unshare', [...own, 'true'], { timeout: 120_000 }).status === 0;

(canTry ? test : test.skip)(
  'DEP-02: the entry point of the image as PID 1: healthy, and SIGTERM ends it with 0 (needs root, /dev/fuse, namespaces)',
  async () => {
    await using scratch = new Scratch();
    await using server = await startMonoServer({ repo: scratch.repository({ a: 'text' }) });
    for (const name of ['bin', 'etc']) mkdirSync(join(scratch.dir, name));
    symlinkSync(join(ROOT, 'apps/scorpio/bin/scorpio.js'), join(scratch.dir, 'bin/scorpio'));
    const env = {
      PATH: `${join(scratch.dir, 'bin')}:${process.env['PATH']}`,
      SCORPIO_BASE_URL: server.url,
      SCORPIO_LFS_URL: server.url,
    };
    const words = ['sh', '-ec', SCRIPT, 'sh', join(scratch.dir, 'etc')];
    const image = scratch.start([], env, [
      'unshare',
      ...own,
      ...words,
      join(ROOT, 'deploy/entrypoint.sh'),
    ]);
    const url = await image.url();
    const [pid = 0] = image.children();
    const inside = ['--target', String(pid), '--mount', '--pid', '--wdns=/', 'cat'];
    await image.said(/workspace mounted/);
    const read = await run('nsenter', [...inside, join(scratch.mnt, 'a')], { timeout: 120_000 });
    expect(read.stdout).toBe('text');
    const seen = await run('nsenter', [...inside, '/proc/1/cmdline'], { timeout: 120_000 });
    expect(seen.stdout.split('\0')).toContain('/etc/scorpiofs/scorpio.toml');
    expect(await (await fetch(`${url}/health`)).json()).toMatchObject({ status: 'ok' });
    process.kill(pid, 'SIGTERM');
    expect(await image.ended).toBe(0);
    expect(image.stderr).toMatch(/INFO stopping signal=SIGTERM/);
  },
);
