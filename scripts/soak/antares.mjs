// What builds do in their views, at the full lengths of the specification (mega-server §8.5; rows O-15, O-19, Z-02, Z-03):
// files read 40 minutes after they were written, the benchmark script at its own size, 200 jobs made and ended, and a
// server that is away for a minute under load. Needs root and Python; about 3 GB in the temporary directory. Build first:
//   npx tsc -b && node scripts/soak/antares.mjs [MINUTES between writing and reading, default 40]
import { readdirSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { Orion } from '../../apps/scorpio/dist/testing/orion.js';
import { OrionRig } from '../../apps/scorpio/dist/testing/orion-rig.js';
import { Scratch } from '../../apps/scorpio/dist/testing/scratch.js';
import { appendAndTail } from '../../apps/scorpio/dist/testing/workload/append-and-tail.js';
import { benchmarkScript } from '../../apps/scorpio/dist/testing/workload/benchmark-script.js';
import { createChmodExec } from '../../apps/scorpio/dist/testing/workload/create-chmod-exec.js';
import { earlyFiles, forget } from '../../apps/scorpio/dist/testing/workload/early-files.js';
import { links } from '../../apps/scorpio/dist/testing/workload/links.js';
import { inPython } from '../../apps/scorpio/dist/testing/workload/python.js';
import { replace } from '../../apps/scorpio/dist/testing/workload/replace.js';
import { smallFiles } from '../../apps/scorpio/dist/testing/workload/small-files.js';

const minutes = Number(process.argv[2] ?? 40);
if (!(minutes >= 0)) throw new Error('MINUTES is a number');
const end = Date.now() + minutes * 60_000;
const began = performance.now();
const say = (what) =>
  console.log(`${((performance.now() - began) / 1000).toFixed(0).padStart(6)} s  ${what}`);

const scratch = new Scratch();
try {
  await soak();
} finally {
  await scratch[Symbol.asyncDispose]();
}

async function soak() {
  const rig = await OrionRig.start(scratch);
  const orion = new Orion(rig.url);

  async function inJob(name, work) {
    const { mountpoint, mount_id } = await orion.mount(name);
    await orion.waitReady(mount_id);
    await work(mountpoint);
    await orion.unmount(mount_id);
    say(`${name}: well`);
  }

  const { mountpoint, mount_id } = await orion.mount('long-build');
  const check = await earlyFiles(mountpoint, 23_000);
  say('23,000 files written early');

  await inJob('benchmark script', (directory) =>
    benchmarkScript(directory, {
      sequentialBytes: 128 << 20,
      passes: 10,
      sparseBytes: 1 << 30,
      randomMs: 30_000,
      metadata: 333,
      parallelWrites: 1000 * availableParallelism(),
      processes: availableParallelism(),
    }),
  );
  await inJob('databases, mappings, locks', async (directory) => {
    await inPython('sqlite', directory, 500);
    await inPython('mmap', directory, 10_000);
    await inPython('locks', directory, 20_000);
  });

  const { pid } = rig.daemon;
  const held = () => {
    const status = readFileSync(`/proc/${pid}/status`, 'latin1');
    return {
      descriptors: readdirSync(`/proc/${pid}/fd`).length,
      resident_kb: Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1]),
    };
  };
  const cycle = async (i) => {
    const job = await orion.mount(`cycle-${i}`);
    await createChmodExec(job.mountpoint, 1);
    await orion.unmount(job.mount_id);
  };
  for (let i = 0; i < 20; i++) await cycle(i);
  const before = held();
  for (let i = 0; i < 200; i++) await cycle(i);
  const after = held();
  if (after.descriptors > before.descriptors + 5)
    throw new Error(`descriptors grow: ${before.descriptors}, then ${after.descriptors}`);
  say(`200 jobs made and ended: ${JSON.stringify(before)} then ${JSON.stringify(after)}`);

  await inJob('a server that is away for a minute', async (directory) => {
    rig.mono.signal('SIGSTOP');
    const back = setTimeout(() => rig.mono.signal('SIGCONT'), 60_000);
    try {
      const until = Date.now() + 90_000;
      for (let i = 0; Date.now() < until; i++) await smallFiles(`${directory}/away-${i}`, 500);
      await replace(directory, 100, 'third-party/dep/dep.txt');
    } finally {
      clearTimeout(back);
      rig.mono.signal('SIGCONT');
    }
  });

  for (let i = 0; Date.now() < end || i === 0; i++) {
    await inJob(`build ${i}`, async (directory) => {
      await createChmodExec(directory, 200);
      await smallFiles(directory, 8000);
      await replace(directory, 500, 'project/lib/lib.txt');
      await links(directory, 200, 'README.md');
      await appendAndTail(directory, 20_000);
    });
    await forget(scratch.dir);
  }
  await check();
  await orion.unmount(mount_id);
  say(`files were there ${minutes} minutes later`);
  const left = await rig.left();
  if (left.length > 0) throw new Error(`left: ${left.join(', ')}`);
  say('nothing left');
}
