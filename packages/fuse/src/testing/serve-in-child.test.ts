import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { readMountTable } from '../mount/mount-table.js';
import { canMount } from './can-mount.js';
import { leakCheck } from './leaks.js';
import { serveInChild } from './serve-in-child.js';
import { until } from './until.js';

const memory = { module: '@scorpiofs/fuse/testing', export: 'createMemoryFs' } as const;
const root = canMount() ? test : test.skip;

let noLeaks: () => Promise<void>;
beforeAll(async () => {
  noLeaks = await leakCheck();
});
afterAll(() => noLeaks());

const alive = (pid: number) => existsSync(`/proc/${pid}`);

async function mounts(mountpoint: string): Promise<number> {
  return (await readMountTable()).filter((entry) => entry.mountpoint === mountpoint).length;
}

root('stop leaves no mount, no child, no folder (needs root and /dev/fuse)', async () => {
  const served = await serveInChild(memory);
  expect(await mounts(served.mountpoint)).toBe(1);
  expect(readdirSync(served.mountpoint)).toEqual([]);
  await served.stop();
  expect(await mounts(served.mountpoint)).toBe(0);
  expect(alive(served.pid)).toBe(false);
  expect(existsSync(served.mountpoint)).toBe(false);
});

root('kill9 leaves the dead mount, stop cleans it (needs root and /dev/fuse)', async () => {
  const served = await serveInChild(memory);
  await served.kill9();
  expect(await mounts(served.mountpoint)).toBe(1);
  expect(() => statSync(served.mountpoint)).toThrow(/ENOTCONN/);
  await served.stop();
  expect(await mounts(served.mountpoint)).toBe(0);
  expect(existsSync(served.mountpoint)).toBe(false);
});

root('a lifetime that is over ends the mount (needs root and /dev/fuse)', async () => {
  const served = await serveInChild({ ...memory, lifetimeMs: 300 });
  await until('the mount ends', async () => (await mounts(served.mountpoint)) === 0);
  await served.stop();
});

root('the calls of the file system are counted (needs root and /dev/fuse)', async () => {
  const served = await serveInChild({ ...memory, args: [{ ttl: 1000 }] });
  try {
    const file = `${served.mountpoint}/missing`;
    expect(existsSync(file)).toBe(false);
    const first = await served.stats();
    expect(first.calls['lookup']).toBe(1);
    expect(existsSync(file)).toBe(false);
    // Remembered by the kernel: not asked again.
    expect((await served.stats()).calls['lookup']).toBe(1);
  } finally {
    await served.stop();
  }
});

root(
  'what cannot be served is an error and leaves nothing (needs root and /dev/fuse)',
  async () => {
    const wrong = serveInChild({ ...memory, export: 'nothingOfThatName' });
    await expect(wrong).rejects.toThrow(/exports no nothingOfThatName/);
    expect(readFileSync('/proc/self/mountinfo', 'utf8')).not.toContain('nothingOfThatName');
  },
);
