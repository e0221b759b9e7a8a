// What a writable view costs: the overlay of this project beside ext4 and the kernel's overlay, in one run, rounds alternating.
// Prints the best time of each, and how many times ext4's it is. Needs root; build first.
//   npx tsc -b && node scripts/bench/overlay.mjs [files] [rounds]
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { serveInChild } from '../../packages/fuse/dist/testing/index.js';

const [files = 3000, rounds = 3] = process.argv.slice(2).map(Number);
const place = mkdtempSync(join(tmpdir(), 'overlay-bench-'));
const base = join(place, 'base');
const MIB = 1024 * 1024;
mkdirSync(base);
for (let i = 0; i < files; i += 1) {
  const dir = join(base, `d${i % 60}`);
  mkdirSync(dir, { recursive: true });
  writeFileSync(join(dir, `f${i}`), `${i} `.repeat(300));
}
writeFileSync(join(base, 'large'), Buffer.alloc(96 * MIB, 'scorpio'));

/** Each step runs in a process of its own, which is killed should it hang; milliseconds. */
const STEPS = {
  'find, first': `execFileSync('find', [root, '-printf', '%s'], { stdio: 'ignore' })`,
  'find, warm': `execFileSync('find', [root, '-printf', '%s'], { stdio: 'ignore' })`,
  'small files, first': `all((f) => fs.readFileSync(f))`,
  'small files, warm': `all((f) => fs.readFileSync(f))`,
  'stat, warm': `all((f) => fs.statSync(f))`,
  'grep -r, warm': `execFileSync('sh', ['-c', 'grep -r nothing "$0"/d* || true', root])`,
  'read 96 MiB, first': `read()`,
  'read 96 MiB, warm': `read()`,
  'copy-up of 96 MiB': `fs.appendFileSync(root + '/large', 'x')`,
  'write 64 MiB by 1 MiB': `write(1 << 20)`,
  'write 64 MiB by 4 KiB': `write(4096)`,
  'create 1,000': `for (let i = 0; i < 1000; i++) fs.closeSync(fs.openSync(root + '/n/' + i, 'w'))`,
  'rename 1,000': `for (let i = 0; i < 1000; i++) fs.renameSync(root + '/n/' + i, root + '/n/r' + i)`,
  'unlink 1,000': `for (let i = 0; i < 1000; i++) fs.unlinkSync(root + '/n/r' + i)`,
};

function time(root, step) {
  const program = `
    const fs = require('fs'), { execFileSync } = require('child_process'), root = process.argv[1];
    const all = (use) => { for (let i = 0; i < ${files}; i++) use(root + '/d' + (i % 60) + '/f' + i); };
    const read = () => { const fd = fs.openSync(root + '/large'), b = Buffer.alloc(1 << 20); while (fs.readSync(fd, b) > 0); fs.closeSync(fd); };
    const write = (size) => { const fd = fs.openSync(root + '/w' + size, 'w'), b = Buffer.alloc(size); for (let i = 0; i < (64 << 20) / size; i++) fs.writeSync(fd, b); fs.closeSync(fd); };
    fs.mkdirSync(root + '/n', { recursive: true });
    const start = process.hrtime.bigint();
    ${STEPS[step]};
    console.log(Number(process.hrtime.bigint() - start) / 1e6);`;
  const args = ['-s', 'KILL', '120', process.execPath, '-e', program, root];
  return Number(execFileSync('timeout', args, { cwd: '/' }));
}

function folders(name) {
  const dir = join(place, name);
  const made = { dir, upper: join(dir, 'upper'), work: join(dir, 'work'), lowers: [base] };
  for (const path of [dir, made.upper, made.work]) mkdirSync(path);
  return made;
}

const SUBJECTS = {
  async ext4(name) {
    const dir = join(place, name);
    cpSync(base, dir, { recursive: true });
    return { root: dir, end: () => undefined };
  },
  async kernel(name) {
    const { dir, upper, work } = folders(name);
    const root = join(dir, 'mnt');
    mkdirSync(root);
    const options = `lowerdir=${base},upperdir=${upper},workdir=${work},redirect_dir=on,xino=on,index=off`;
    execFileSync('mount', ['-t', 'overlay', 'overlay', '-o', options, root]);
    return { root, end: () => execFileSync('umount', [root]) };
  },
  async ours(name) {
    const served = await serveInChild({
      module: new URL('../../packages/overlayfs/dist/testing/served.js', import.meta.url).href,
      export: 'createDiskOverlay',
      args: [folders(name)],
      mountOptions: { transport: 'kernel' },
      lifetimeMs: 300_000,
    });
    return { root: served.mountpoint, end: () => served.stop() };
  },
};

const best = {};
try {
  for (let round = 0; round < rounds; round += 1)
    for (const [subject, make] of Object.entries(SUBJECTS)) {
      const { root, end } = await make(`${subject}-${round}`);
      try {
        for (const step of Object.keys(STEPS)) {
          if (step.endsWith('first')) writeFileSync('/proc/sys/vm/drop_caches', '3');
          const ms = time(root, step);
          const row = (best[step] ??= {});
          row[subject] = Math.min(row[subject] ?? Infinity, ms);
        }
      } finally {
        await end();
        rmSync(join(place, `${subject}-${round}`), { recursive: true, force: true });
      }
    }
} finally {
  rmSync(place, { recursive: true, force: true });
}
console.log(`| ms, best of ${rounds} | ext4 | kernel overlay | ours |\n|---|---|---|---|`);
for (const [step, { ext4, kernel, ours }] of Object.entries(best)) {
  const shown = (ms) => `${ms.toFixed(ms < 10 ? 1 : 0)} (${(ms / ext4).toFixed(1)})`;
  console.log(`| ${step} | ${shown(ext4)} | ${shown(kernel)} | ${shown(ours)} |`);
}
