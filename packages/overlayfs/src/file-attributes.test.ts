import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

import { expect, test } from '@jest/globals';
import { FILE_ATTRIBUTE, MemoryFs } from '@scorpiofs/fuse';
import { canMount, DirectClient, leakCheck, serveInChild } from '@scorpiofs/fuse/testing';

import { OverlayFs } from './overlay-fs.js';
import { AS_ROOT, diskOverlay, makeFolders, memoryUpper } from './testing/layers.js';

const { flags } = FILE_ATTRIBUTE;

/** Shown alike on ext4 and through the overlay, wherever the files are. */
const SCRIPT = `
  cd "$1"
  lsattr -d d full; lsattr d/f full/g plain; lsattr -p d/f
  chattr +A d/f; lsattr d/f
  echo more >> full/g; lsattr full/g
  chattr +d plain; lsattr plain
  rm d/f; echo anew > d/f; lsattr d/f
  rm -r d/sub; mkdir d/sub; lsattr -d d/sub
  : > d/new; lsattr d/new; mv d/new d/newer; lsattr d/newer
  chmod 700 full; lsattr -d full; chattr -d full; : > full/new; lsattr full/new; lsattr -d full
  setpriv --reuid 1234 --regid 1234 --clear-groups chattr +d plain
  setpriv --reuid 1234 --regid 1234 --clear-groups chattr +i plain
  lsattr plain
`;

function fill(dir: string): void {
  const script = `
    mkdir d full; echo f > d/f; mkdir d/sub; echo g > full/g; echo p > plain
    chattr +d d d/sub full; chattr +D full; chattr +dA d/f; chattr +S full/g`;
  execFileSync('sh', ['-ec', script], { cwd: dir, timeout: 20_000 });
}

function play(place: string): string {
  const { stdout, stderr } = spawnSync('sh', ['-c', `exec 2>&1; ${SCRIPT}`, 'sh', place], {
    timeout: 60_000,
    encoding: 'utf8',
  });
  return (stdout + stderr).replaceAll(place, '');
}

const mountTest = canMount() ? test : test.skip;

for (const data of ['by-node', 'passthrough'] as const) {
  mountTest(
    `OV-26: lsattr and chattr are as on the file system below, data ${data} (needs root, /dev/fuse)`,
    async () => {
      const noLeaks = await leakCheck();
      const folders = makeFolders(1, os.tmpdir());
      const [lower = ''] = folders.lowers;
      const plain = path.join(folders.dir, 'plain');
      try {
        fs.mkdirSync(plain);
        for (const dir of [lower, plain]) fill(dir);
        const before = execFileSync('lsattr', ['-R', '.'], { cwd: lower });
        const served = await serveInChild({
          module: new URL('../dist/testing/served.js', import.meta.url).href,
          export: 'createDiskOverlay',
          args: [folders, 'kernel', data, 0],
          mountOptions: { transport: 'kernel', allowOther: true },
        });
        try {
          expect(play(served.mountpoint)).toEqual(play(plain));
          const protect = (flag: string) =>
            spawnSync('chattr', [flag, 'full/g'], { cwd: served.mountpoint, timeout: 10_000 });
          for (const flag of ['+i', '+a'])
            expect(String(protect(flag).stderr)).toMatch(/Operation not supported/);
        } finally {
          await served.stop();
        }
        expect(execFileSync('lsattr', ['-R', '.'], { cwd: lower })).toEqual(before);
      } finally {
        execFileSync('rm', ['-rf', folders.dir]);
      }
      await noLeaks();
    },
    120_000,
  );
}

test('OV-26: a file of a layer that has no file attributes gets some with its copy', async () => {
  const below = Object.assign(new MemoryFs(), { getFileAttributes: undefined });
  await new DirectClient(below, AS_ROOT).writeFile('/f', 'bytes');
  const overlay = new OverlayFs({ upper: memoryUpper(), lowers: [{ layer: below }] });
  const file = await new DirectClient(overlay, AS_ROOT).open('/f', fs.constants.O_RDONLY);
  expect(await file.getFileAttributes('flags')).toEqual({ form: 'flags', bits: 0 });
  await file.setFileAttributes({ form: 'flags', bits: flags.NODUMP });
  expect(await file.getFileAttributes('flags')).toEqual({ form: 'flags', bits: flags.NODUMP });
  expect((await file.read(10, 0)).toString()).toBe('bytes');
  await file.close();
  overlay.destroy();
});

const hostTest = process.getuid?.() === 0 ? test : test.skip;

hostTest('OV-26: a lower file that is immutable can be changed: its copy is not', async () => {
  const folders = makeFolders(1);
  const [lower = ''] = folders.lowers;
  fs.writeFileSync(path.join(lower, 'f'), 'lower');
  execFileSync('chattr', ['+id', path.join(lower, 'f')]);
  const { overlay, end } = diskOverlay(folders);
  try {
    const client = new DirectClient(overlay);
    const shown = async () => {
      const file = await client.open('/f', fs.constants.O_RDONLY);
      try {
        return (await file.getFileAttributes('flags')).bits & (flags.IMMUTABLE | flags.NODUMP);
      } finally {
        await file.close();
      }
    };
    expect(await shown()).toBe(flags.NODUMP);
    await client.writeFile('/f', 'changed');
    expect(await shown()).toBe(flags.NODUMP);
    expect(await client.text('/f')).toBe('changed');
    await client.unlink('/f');
  } finally {
    end();
    execFileSync('chattr', ['-i', path.join(lower, 'f')]);
    fs.rmSync(folders.dir, { recursive: true });
  }
});
