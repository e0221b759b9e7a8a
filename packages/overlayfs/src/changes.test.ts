import { expect, test } from '@jest/globals';
import { MemoryFs } from '@scorpiofs/fuse';
import { countingFs, DirectClient } from '@scorpiofs/fuse/testing';

import type { MarkForm } from './layers.js';
import { OverlayFs } from './overlay-fs.js';
import { AS_ROOT, memoryUpper } from './testing/layers.js';

async function lowerTree(): Promise<MemoryFs> {
  const memory = new MemoryFs();
  const client = new DirectClient(memory, AS_ROOT);
  for (const dir of ['/d', '/d/e', '/whole', '/whole/sub', '/other']) await client.mkdir(dir);
  for (const file of [
    '/d/f',
    '/d/e/deep',
    '/whole/sub/x',
    '/whole/y',
    '/g',
    '/h',
    '/other/z',
    '/k',
  ])
    await client.writeFile(file, file);
  return memory;
}

function listed(changes: Awaited<ReturnType<OverlayFs['changes']>>): string[] {
  return changes.map(({ kind, path, oldPath }) => [kind, path, oldPath].filter(Boolean).join(' '));
}

for (const form of ['kernel', 'oci'] as MarkForm[])
  test(`changes of every kind, ${form} form, also after a remount (issue 4 item 5)`, async () => {
    const lower = await lowerTree();
    const upper = { ...memoryUpper(), form };
    const make = () => new OverlayFs({ upper, lowers: [{ layer: lower, form: 'none' }] });
    const overlay = make();
    expect(await overlay.changes()).toEqual([]);
    const client = new DirectClient(overlay, AS_ROOT);
    await client.appendFile('/d/f', 'more');
    await client.chmod('/d/e/deep', 0o755);
    await client.unlink('/g');
    await client.rename('/h', '/d/h2');
    await client.rename('/other', '/moved');
    await client.mkdir('/new');
    await client.writeFile('/new/n', 'n');
    await client.rename('/whole/sub', '/sub2');
    await client.unlink('/whole/y');
    await client.rmdir('/whole');
    await client.mkdir('/whole');
    await client.unlink('/k');
    await client.symlink('elsewhere', '/k');
    const wanted = [
      'metadata d/e/deep',
      'modified d/f',
      'renamed d/h2 h',
      'deleted g',
      'modified k',
      'renamed moved other',
      'added new',
      'added new/n',
      'renamed sub2 whole/sub',
      'deleted whole/y',
    ];
    expect(listed(await overlay.changes())).toEqual(wanted);
    overlay.destroy();
    expect(listed(await make().changes())).toEqual(wanted);
  });

test('the cost is that of the changes, not of the base (issue 4 item 5)', async () => {
  const lower = new MemoryFs();
  const client = new DirectClient(lower, AS_ROOT);
  for (let d = 0; d < 20; d++) {
    await client.mkdir(`/d${d}`);
    for (let f = 0; f < 50; f++) await client.writeFile(`/d${d}/f${f}`, 'x');
  }
  const counted = countingFs(lower);
  const overlay = new OverlayFs({ upper: memoryUpper(), lowers: [{ layer: counted.fs }] });
  const top = new DirectClient(overlay, AS_ROOT);
  await top.appendFile('/d3/f7', 'y');
  await top.unlink('/d4/f1');
  const before = sum(counted.calls);
  expect(listed(await overlay.changes())).toEqual(['modified d3/f7', 'deleted d4/f1']);
  expect(sum(counted.calls) - before).toBeLessThan(20);
});

function sum(calls: ReadonlyMap<string, number>): number {
  let all = 0;
  for (const [name, count] of calls) if (name !== 'forget') all += count;
  return all;
}

test('counted: changes() lists each directory of the upper and its attributes once, and asks for marks only where one is listed', async () => {
  const own = memoryUpper();
  const upper = countingFs(own.layer);
  const overlay = new OverlayFs({
    upper: { ...own, layer: upper.fs },
    lowers: [{ layer: await lowerTree(), form: 'none' }],
  });
  const client = new DirectClient(overlay, AS_ROOT);
  await client.appendFile('/d/e/deep', 'more');
  await client.unlink('/g');
  const cost = async () => {
    upper.calls.clear();
    await overlay.changes();
    return Object.fromEntries(upper.calls);
  };
  // Below the root: d, e, what was copied up (and where it came from, by either mark) and a whiteout.
  const before = { list: 3, lookup: 4, listxattr: 2, getxattr: 2, forget: 4 };
  expect(await cost()).toEqual(before);
  await client.mkdir('/d/n');
  expect(await cost()).toEqual({ ...before, list: 4, lookup: 5, listxattr: 3, forget: 5 });
  await client.rmdir('/d/n');
  // A whiteout, and a directory that is redirected.
  await client.rename('/other', '/moved');
  expect(await cost()).toEqual({ list: 4, lookup: 6, listxattr: 3, getxattr: 4, forget: 6 });
});

test('OV-15: what was only copied up is no change; bytes decide, not times', async () => {
  const lower = await lowerTree();
  const overlay = new OverlayFs({ upper: memoryUpper(), lowers: [{ layer: lower }] });
  const client = new DirectClient(overlay, AS_ROOT);
  const { mtimeNs, mode } = await client.stat('/d/f');
  await client.chmod('/d/f', 0o600);
  expect(listed(await overlay.changes())).toEqual(['metadata d/f']);
  await client.chmod('/d/f', mode & 0o7777);
  expect(listed(await overlay.changes())).toEqual([]);
  await client.writeFile('/d/f', '/D/F');
  await client.utimens('/d/f', { mtimeNs });
  expect(listed(await overlay.changes())).toEqual(['modified d/f']);
  await client.writeFile('/d/f', '/d/f');
  await client.utimens('/d/f', { mtimeNs: mtimeNs + 1n });
  expect(listed(await overlay.changes())).toEqual(['metadata d/f']);
  await client.utimens('/d/f', { mtimeNs });
  await client.setxattr('/g', 'user.x', 'x');
  await client.setxattr('/d', 'user.x', 'x');
  expect(listed(await overlay.changes())).toEqual(['metadata d', 'metadata g']);
  await client.removexattr('/d', 'user.x');
  await client.removexattr('/g', 'user.x');
  await client.rename('/d/e', '/d/e2');
  await client.rename('/d/e2', '/d/e');
  await client.rename('/h', '/h2');
  await client.rename('/h2', '/h');
  expect(listed(await overlay.changes())).toEqual([]);
});

test('OV-15: a file is found under its new name also when the old one was taken', async () => {
  const lower = await lowerTree();
  const overlay = new OverlayFs({ upper: memoryUpper(), lowers: [{ layer: lower }] });
  const client = new DirectClient(overlay, AS_ROOT);
  await client.rename('/g', '/h', 2);
  await client.rename('/k', '/d/k2');
  await client.writeFile('/k', 'another');
  await client.rename('/d/f', '/f3');
  await client.writeFile('/d/f', '/d/f');
  await client.utimens('/d/f', { mtimeNs: (await client.stat('/f3')).mtimeNs });
  expect(listed(await overlay.changes())).toEqual([
    'renamed d/k2 k',
    'added f3',
    'renamed g h',
    'renamed h g',
    'modified k',
  ]);
});

test('OV-15: a changed hard link is listed by each of its names, also those that were not used', async () => {
  const lower = await lowerTree();
  const below = new DirectClient(lower, AS_ROOT);
  for (const [old, name] of [
    ['/g', '/d/e/g2'],
    ['/g', '/other/g3'],
    ['/h', '/other/h2'],
    ['/k', '/other/k2'],
    ['/d/f', '/whole/f2'],
  ] as const)
    await below.link(old, name);
  const upper = memoryUpper();
  const make = () => new OverlayFs({ upper, lowers: [{ layer: lower }] });
  const overlay = make();
  const client = new DirectClient(overlay, AS_ROOT);
  await client.rename('/other', '/moved');
  await client.appendFile('/g', '+');
  await client.chmod('/h', 0o600);
  // Its changed content is seen by the other name alone.
  await client.appendFile('/k', '+');
  await client.unlink('/k');
  // Copied up, and as it was; a name that is hidden is not there.
  const { mode } = await client.stat('/d/f');
  await client.chmod('/d/f', 0o600);
  await client.chmod('/d/f', mode & 0o7777);
  const wanted = [
    'modified d/e/g2',
    'modified g',
    'metadata h',
    'deleted k',
    'renamed moved other',
    'modified moved/g3',
    'metadata moved/h2',
    'modified moved/k2',
  ];
  expect(listed(await overlay.changes())).toEqual(wanted);
  overlay.destroy();
  const again = make();
  expect(listed(await again.changes())).toEqual(wanted);
  expect(again.counts.nodes).toBe(1);
  const top = new DirectClient(again, AS_ROOT);
  await top.unlink('/d/e/g2');
  await top.appendFile('/moved/k2', '+');
  await top.unlink('/moved/h2');
  expect(listed(await again.changes())).toEqual([
    'deleted d/e/g2',
    'modified g',
    'metadata h',
    'deleted k',
    'renamed moved other',
    'modified moved/g3',
    'deleted moved/h2',
    'modified moved/k2',
  ]);
});

test('OV-15: names of hard links are searched only where one was changed, and no further than to the last', async () => {
  const lower = new MemoryFs();
  const below = new DirectClient(lower, AS_ROOT);
  for (let d = 10; d < 50; d++) await below.mkdir(`/d${d}`);
  await below.writeFile('/a', 'a');
  await below.link('/a', '/d11/b');
  await below.writeFile('/z', 'z');
  const counted = countingFs(lower);
  const overlay = new OverlayFs({ upper: memoryUpper(), lowers: [{ layer: counted.fs }] });
  const client = new DirectClient(overlay, AS_ROOT);
  const cost = async () => {
    const before = sum(counted.calls);
    await overlay.changes();
    return sum(counted.calls) - before;
  };
  await client.appendFile('/z', '+');
  expect(await cost()).toBeLessThan(10);
  await client.appendFile('/a', '+');
  expect(await cost()).toBeLessThan(40);
  await client.appendFile('/d11/b', '+');
  expect(await cost()).toBeLessThan(20);
});
