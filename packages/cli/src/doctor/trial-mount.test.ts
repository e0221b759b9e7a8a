import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readMountTable } from '@scorpiofs/fuse';
import { canMount, endMount } from '@scorpiofs/fuse/testing';
import { trialMount } from './trial-mount.js';

let dir = '';
beforeEach(() => {
  dir = realpathSync(mkdtempSync(join(tmpdir(), 'scorpio-trials-')));
});
const mounts = async () =>
  (await readMountTable()).map((e) => e.mountpoint).filter((m) => m.startsWith(`${dir}/`));
afterEach(async () => {
  for (const mountpoint of await mounts()) await endMount(mountpoint);
  rmSync(dir, { recursive: true });
});

/** A serving process that behaves as `body` says. */
function main(body: string): string {
  const path = join(dir, 'main.mjs');
  writeFileSync(path, body);
  return path;
}

async function leaves(): Promise<string[]> {
  return [...(await mounts()), ...readdirSync(dir).filter((name) => name !== 'main.mjs')];
}

const FUSE = new URL('../../../fuse/dist/index.js', import.meta.url).href;
const MAIN = fileURLToPath(new URL('../../dist/doctor/trial-main.js', import.meta.url));
const mounted = canMount() ? test : test.skip;

describe('doctor --deep never hangs and leaves nothing', () => {
  test('DOC-06: a serving process that ends or says nothing', async () => {
    const gone = await trialMount({ main: main('process.exit(1)'), parent: dir });
    expect(gone).toMatchObject({ status: 'fail', detail: 'the trial process ended' });
    const silent = await trialMount({
      main: main("process.on('message', () => {}); setInterval(() => {}, 1000);"),
      limitMs: 500,
      parent: dir,
    });
    expect(silent.detail).toBe('it did not end within 500 ms and was killed');
    expect(await leaves()).toEqual([]);
  });

  mounted(
    'DOC-06: a server that mounts and then stops answering (skipped without root and /dev/fuse)',
    async () => {
      const stops = main(`import { MemoryFs, mount } from '${FUSE}';
process.once('message', async (mountpoint) => {
  await mount(new MemoryFs(), mountpoint);
  process.send({ transport: 'kernel' }, () => process.kill(process.pid, 'SIGSTOP'));
});`);
      const found = await trialMount({ main: stops, limitMs: 3000, parent: dir });
      expect(found.detail).toBe('it did not end within 3000 ms and was killed');
      expect(await leaves()).toEqual([]);
    },
  );

  mounted(
    'DOC-06: a doctor that is interrupted or dies: the server unmounts and removes the folder (skipped without root and /dev/fuse)',
    async () => {
      const mountpoint = join(dir, 'scorpio-trial-x');
      mkdirSync(mountpoint);
      const child = fork(MAIN, {
        cwd: '/',
        execArgv: [],
        stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
      });
      try {
        child.send(mountpoint);
        const [answer] = (await once(child, 'message')) as unknown[];
        expect(answer).toEqual({ transport: 'kernel' });
        for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) child.kill(signal);
        await new Promise((r) => setTimeout(r, 100));
        expect(await mounts()).toEqual([mountpoint]);
        const ended = once(child, 'exit');
        child.disconnect();
        expect(await ended).toEqual([0, null]);
        expect(await leaves()).toEqual([]);
      } finally {
        child.kill('SIGKILL');
      }
    },
  );

  test('DOC-06: no place for a folder is a finding', async () => {
    expect(await trialMount({ parent: join(dir, 'none') })).toMatchObject({
      status: 'fail',
      hint: 'Set TMPDIR.',
    });
  });
});
