// What an overlay keeps in memory: bytes per known inode (its own and its layers'), and bytes of each idle mount that one process
// serves beside the first. Needs root; build first.
//   npx tsc -b && node --expose-gc scripts/bench/overlay-memory.mjs [inodes] [mounts]
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { mount } from '../../packages/fuse/dist/index.js';
import { diskOverlay } from '../../packages/overlayfs/dist/testing/layers.js';

const [inodes = 100_000, mounts = 20] = process.argv.slice(2).map(Number);
if (globalThis.gc === undefined) throw new Error('run with node --expose-gc');
const place = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'overlay-memory-'));
const request = {
  uid: 0,
  gid: 0,
  pid: 0,
  interrupted: false,
  signal: new AbortController().signal,
};

function folders(name) {
  const dir = join(place, name);
  const made = { upper: join(dir, 'upper'), work: join(dir, 'work'), lowers: [join(dir, 'lower')] };
  for (const path of [dir, made.upper, made.work, ...made.lowers]) mkdirSync(path);
  return made;
}

/** Resident bytes that are this process's own, without pages of files (VmRSS less RssFile). */
async function resident() {
  for (let i = 0; i < 3; i += 1) {
    globalThis.gc();
    await new Promise((done) => setTimeout(done, 100));
  }
  const status = readFileSync('/proc/self/status', 'latin1');
  return Number(/^RssAnon:\s+(\d+)/m.exec(status)?.[1]) * 1024;
}

const heap = () => {
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
};

async function bytesPerInode() {
  const made = folders('inodes');
  const [lower] = made.lowers;
  const directories = Math.ceil(inodes / 100);
  for (let d = 0; d < directories; d += 1) {
    mkdirSync(join(lower, `directory-${d}`));
    for (let f = 0; f < 99; f += 1)
      writeFileSync(join(lower, `directory-${d}`, `file-${f}.ts`), '');
  }
  const { overlay, end } = diskOverlay(made);
  const before = [await resident(), heap()];
  for (let d = 0; d < directories; d += 1) {
    const { node } = await overlay.lookup(request, 1, `directory-${d}`);
    for (let f = 0; f < 99; f += 1) await overlay.lookup(request, node, `file-${f}.ts`);
  }
  const known = overlay.counts.nodes;
  const each = [await resident(), heap()].map((now, i) => ((now - before[i]) / known).toFixed(0));
  end();
  console.log(`${known} known inodes: ${each[1]} bytes each in use, ${each[0]} resident`);
}

async function bytesPerMount() {
  const open = [];
  const one = async (i) => {
    const made = folders(`mount-${i}`);
    const at = join(place, `mount-${i}`, 'mnt');
    mkdirSync(at);
    const { overlay, end } = diskOverlay(made);
    open.push({ mounted: await mount(overlay, at, { transport: 'kernel' }), end });
  };
  try {
    await one(0);
    const before = await resident();
    for (let i = 1; i <= mounts; i += 1) await one(i);
    const bytes = ((await resident()) - before) / mounts;
    console.log(`${mounts} more idle mounts: ${(bytes / 1024).toFixed(0)} KiB each`);
  } finally {
    for (const { mounted, end } of open) {
      await mounted.unmount();
      end();
    }
  }
}

try {
  await bytesPerInode();
  await bytesPerMount();
} finally {
  rmSync(place, { recursive: true, force: true });
}
