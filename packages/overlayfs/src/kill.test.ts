import fs from 'node:fs';
import path from 'node:path';

import { expect, test } from '@jest/globals';
import { canMount, leakCheck, serveInChild } from '@scorpiofs/fuse/testing';

import { makeFolders } from './testing/layers.js';

/** The kernel asks the dead daemon to flush; the descriptor is closed all the same. */
function closeDead(fd: number): void {
  try {
    fs.closeSync(fd);
  } catch (error) {
    expect(error).toMatchObject({ code: 'ENOTCONN' });
  }
}

const mountTest = canMount() ? test : test.skip;

mountTest.each(['by-node', 'passthrough'])(
  'D9, issue 4 item 4: killed between write and close, nothing that write accepted is lost; data %s (needs root, /dev/fuse)',
  async (data) => {
    const noLeaks = await leakCheck();
    const folders = makeFolders(1);
    fs.writeFileSync(path.join(folders.lowers[0] ?? '', 'lower'), 'lower');
    const served = await serveInChild({
      module: new URL('../dist/testing/served.js', import.meta.url).href,
      export: 'createDiskOverlay',
      args: [folders, 'kernel', data],
      mountOptions: { transport: 'kernel' },
    });
    const bytes = Buffer.alloc(3_000_000, 'x');
    const fresh = fs.openSync(path.join(served.mountpoint, 'new'), 'w');
    const copied = fs.openSync(path.join(served.mountpoint, 'lower'), 'a');
    try {
      expect(fs.writeSync(fresh, bytes)).toBe(bytes.length);
      expect(fs.writeSync(copied, '+more')).toBe(5);
      await served.kill9();
    } finally {
      closeDead(fresh);
      closeDead(copied);
      await served.stop().catch(() => undefined);
    }
    expect(fs.readFileSync(path.join(folders.upper, 'new')).equals(bytes)).toBe(true);
    expect(fs.readFileSync(path.join(folders.upper, 'lower'), 'utf8')).toBe('lower+more');
    expect(fs.readFileSync(path.join(folders.lowers[0] ?? '', 'lower'), 'utf8')).toBe('lower');
    fs.rmSync(folders.dir, { recursive: true });
    await noLeaks();
  },
);

mountTest(
  'D4, fuse-transport §3a: a warm walk and read asks the daemon nothing (needs root, /dev/fuse)',
  async () => {
    const folders = makeFolders(1);
    const [lower = ''] = folders.lowers;
    fs.mkdirSync(path.join(lower, 'd'));
    for (let i = 0; i < 20; i++) fs.writeFileSync(path.join(lower, `d/f${i}`), 'x');
    const served = await serveInChild({
      module: new URL('../dist/testing/served.js', import.meta.url).href,
      export: 'createDiskOverlay',
      args: [folders],
      mountOptions: { transport: 'kernel' },
    });
    try {
      const walk = () => {
        const d = path.join(served.mountpoint, 'd');
        for (const name of fs.readdirSync(d)) {
          fs.statSync(path.join(d, name));
          expect(fs.readFileSync(path.join(d, name), 'utf8')).toBe('x');
        }
      };
      const requests = async () => {
        const { calls } = await served.stats();
        return Object.entries(calls).reduce(
          (all, [name, n]) => all + (name === 'forget' ? 0 : n),
          0,
        );
      };
      walk();
      walk();
      const before = await requests();
      walk();
      expect((await requests()) - before).toBe(0);
    } finally {
      await served.stop();
      fs.rmSync(folders.dir, { recursive: true });
    }
  },
);
