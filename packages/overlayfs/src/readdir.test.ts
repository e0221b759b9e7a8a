import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';

import { expect, test } from '@jest/globals';
import { MemoryFs, ROOT_NODE, type DirSink, type Entry } from '@scorpiofs/fuse';
import { canMount, DirectClient, serveInChild } from '@scorpiofs/fuse/testing';

import { OverlayFs } from './overlay-fs.js';
import { OWN_REQUEST } from './state.js';
import { makeFolders, memoryUpper } from './testing/layers.js';

test('D13: a long listing with attributes lets others have their turn', async () => {
  const lower = new MemoryFs();
  const below = new DirectClient(lower);
  for (let i = 0; i < 500; i++) await below.writeFile(`/f${i}`, '');
  const overlay = new OverlayFs({ upper: memoryUpper(), lowers: [{ layer: lower }] });
  let turns = 0;
  let listed = false;
  const count = () => {
    turns += 1;
    if (!listed) setImmediate(count);
  };
  setImmediate(count);
  const held: Entry[] = [];
  const sink: DirSink = {
    plus: true,
    add: () => true,
    addEntry: (_name, entry) => held.push(entry) > 0,
  };
  const done = overlay.readdir(OWN_REQUEST, ROOT_NODE, 0 as never, 0, sink);
  expect(done).toBeInstanceOf(Promise);
  await done;
  listed = true;
  expect([held.length, turns]).toEqual([500, expect.any(Number)]);
  expect(turns).toBeGreaterThan(1);
  for (const { node } of held) overlay.forget(node, 1);
  expect(overlay.counts.nodes).toBe(1);
  overlay.destroy();
});

const mountTest = canMount() ? test : test.skip;

mountTest(
  'a first walk asks for no file of a directory of 600 by itself (needs root)',
  async () => {
    const folders = makeFolders(1);
    for (let i = 0; i < 600; i++)
      fs.writeFileSync(path.join(folders.lowers[0] ?? '', `f${i}`), 'x');
    const served = await serveInChild({
      module: new URL('../dist/testing/served.js', import.meta.url).href,
      export: 'createDiskOverlay',
      args: [folders],
      mountOptions: { transport: 'kernel' },
    });
    try {
      const found = execFileSync('timeout', ['120', 'find', served.mountpoint, '-printf', '%s\n']);
      expect(found.toString().split('\n').length).toBe(602);
      const { stats } = await served.stats();
      expect(stats.requests.LOOKUP ?? 0).toBe(0);
    } finally {
      await served.stop();
      fs.rmSync(folders.dir, { recursive: true });
    }
  },
);
