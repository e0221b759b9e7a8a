import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { canMount, until } from '@scorpiofs/fuse/testing';
import { Orion } from './testing/orion.js';
import { OrionRig } from './testing/orion-rig.js';
import { Scratch } from './testing/scratch.js';
import { appendAndTail } from './testing/workload/append-and-tail.js';
import { benchmarkScript } from './testing/workload/benchmark-script.js';
import { createChmodExec } from './testing/workload/create-chmod-exec.js';
import { earlyFiles, forget } from './testing/workload/early-files.js';
import { links } from './testing/workload/links.js';
import { inPython } from './testing/workload/python.js';
import { replace } from './testing/workload/replace.js';
import { smallFiles } from './testing/workload/small-files.js';

const mounted = canMount() ? describe : describe.skip;
const python = spawnSync('python3', ['-c', 'import sqlite3']).status === 0 ? test : test.skip;

let scratch: Scratch;
let rig: OrionRig;
let orion: Orion;

/** A new job's directory, and its end. */
async function inJob(work: (directory: string) => Promise<void>): Promise<void> {
  const { mountpoint, mount_id } = await orion.mount('job');
  await orion.waitReady(mount_id);
  await work(mountpoint);
  await orion.unmount(mount_id);
  expect(await rig.left()).toEqual([]);
}

/** Requests by which the kernel has told the daemon that it has forgotten something of the base. */
async function forgotten(): Promise<number> {
  const text = await (await fetch(`${rig.url}/metrics`)).text();
  const counts = text.matchAll(
    /^scorpio_fuse_requests_total\{mount="base",op="\w*FORGET"\} (\d+)$/gm,
  );
  return [...counts].reduce((sum, [, count]) => sum + Number(count), 0);
}

/** What a build does in its view (mega-server §8.5); `scripts/soak` runs the same for long. */
mounted('a job (skipped without root and /dev/fuse)', () => {
  beforeAll(async () => {
    scratch = new Scratch();
    rig = await OrionRig.start(scratch);
    orion = new Orion(rig.url, 20);
  });
  afterAll(() => scratch[Symbol.asyncDispose]());

  test('mega-server §8.5: programs that are made and run at once, thousands of outputs, replaced files, links, a log that is followed', () =>
    inJob(async (directory) => {
      await createChmodExec(directory, 50);
      await smallFiles(directory, 2000);
      await replace(directory, 40, 'project/lib/lib.txt');
      await links(directory, 20, 'README.md');
      await appendAndTail(directory, 2000);
    }));

  python(
    'W-77, R-02, mega-server §8.5: SQLite from four processes, shared mappings, record locks (skipped without Python)',
    () =>
      inJob(async (directory) => {
        await inPython('sqlite', directory, 10);
        await inPython('mmap', directory, 64);
        await inPython('locks', directory, 100);
      }),
  );

  test('O-15, mega-server §8.5: files written early are there when the kernel has forgotten them', () =>
    inJob(async (directory) => {
      const check = await earlyFiles(directory, 200);
      await readFile(join(directory, 'project/lib/lib.txt'));
      const before = await forgotten();
      await forget(scratch.dir);
      await until('it has forgotten', async () => (await forgotten()) > before);
      await smallFiles(directory, 200);
      await forget(scratch.dir);
      await check();
    }));

  test('O-19: the load of the benchmark script', () =>
    inJob((directory) =>
      benchmarkScript(directory, {
        sequentialBytes: 8 << 20,
        passes: 2,
        sparseBytes: 64 << 20,
        randomMs: 500,
        metadata: 333,
        parallelWrites: 1000,
        processes: 2,
      }),
    ));

  test('issue 5.7: four jobs at once, each on its own', async () => {
    const jobs = await Promise.all([0, 1, 2, 3].map((i) => orion.mount(`job-${i}`)));
    await Promise.all(
      jobs.map(async ({ mountpoint }) => {
        await smallFiles(mountpoint, 300);
        await links(mountpoint, 3, 'README.md');
        await createChmodExec(mountpoint, 5);
      }),
    );
    await Promise.all(jobs.map(({ mount_id }) => orion.unmount(mount_id)));
    expect(await rig.left()).toEqual([]);
  });
});
