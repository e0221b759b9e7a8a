import fs from 'node:fs';
import path from 'node:path';

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { MemoryFs, ROOT_NODE, nameFromUtf8, type Entry, type Handle } from '@scorpiofs/fuse';
import { DirectClient } from '@scorpiofs/fuse/testing';

import { S_IFDIR } from './mode.js';
import type { OverlayFs } from './overlay-fs.js';
import { OverlayFs as Overlay } from './overlay-fs.js';
import { OWN_REQUEST } from './state.js';
import { diskOverlay, makeFolders, memoryUpper, type Folders } from './testing/layers.js';

const ENOENT = { errno: 2 };

/** Weaknesses of the reference's overlay (spec, api-and-fs §7), each on disk and over a remount. */
describe('weaknesses that must not come back', () => {
  let folders: Folders;
  let overlay: OverlayFs;
  let client: DirectClient;
  let end: () => void;
  const mountAgain = () => {
    const opened = diskOverlay(folders);
    overlay = opened.overlay;
    end = () => opened.end();
    client = new DirectClient(overlay, {
      uid: process.getuid?.() ?? 0,
      gid: process.getgid?.() ?? 0,
    });
  };
  const remount = () => {
    end();
    mountAgain();
  };

  beforeEach(() => {
    folders = makeFolders(1);
    const [lower = ''] = folders.lowers;
    fs.mkdirSync(path.join(lower, 'd/e'), { recursive: true });
    fs.writeFileSync(path.join(lower, 'd/f'), 'f', { mode: 0o755 });
    fs.utimesSync(path.join(lower, 'd/f'), 1000, 2000);
    fs.writeFileSync(path.join(lower, 'd/e/deep'), 'deep');
    fs.writeFileSync(path.join(lower, 'g'), 'g');
    mountAgain();
  });
  afterEach(() => {
    end();
    fs.rmSync(folders.dir, { recursive: true });
  });

  test('W-61, O-15: a node is found as long as the kernel holds it, after any number of forgets', async () => {
    const d = (await overlay.lookup(OWN_REQUEST, ROOT_NODE, nameFromUtf8('d'))) as Entry;
    for (let i = 0; i < 20_000; i++) {
      const e = (await overlay.lookup(OWN_REQUEST, d.node, nameFromUtf8('e'))) as Entry;
      overlay.forget(e.node, 1);
    }
    expect((await overlay.lookup(OWN_REQUEST, d.node, nameFromUtf8('f'))).node).not.toBe(0);
    expect(overlay.counts.nodes).toBeLessThan(5);
  });

  test('W-64, O-11: a renamed lower directory has its content after a remount', async () => {
    await client.rename('/d', '/moved');
    remount();
    expect(await client.text('/moved/e/deep')).toBe('deep');
    expect(await client.names('/')).toEqual(['g', 'moved']);
  });

  test('W-65, O-17: a copy keeps mode, and times until the data changes', async () => {
    await client.chmod('/d/f', 0o711);
    const attr = await client.stat('/d/f');
    expect([attr.mode & 0o7777, attr.mtimeNs]).toEqual([0o711, 2000_000_000_000n]);
    expect(fs.readdirSync(folders.work).filter((n) => n.startsWith('#'))).toEqual([]);
    await client.appendFile('/d/f', '+');
    expect((await client.stat('/d/f')).mode & 0o111).toBe(0o111);
  });

  test('W-74, O-03, R-01: a directory made over a deleted one is empty after a remount', async () => {
    await expect(client.rmdir('/d/e')).rejects.toMatchObject({ errno: 39 });
    await client.unlink('/d/e/deep');
    await client.rmdir('/d/e');
    await client.mkdir('/d/e');
    remount();
    expect(await client.names('/d/e')).toEqual([]);
  });

  test('W-75, R-01: the old name of a renamed lower file stays gone', async () => {
    await client.rename('/d/f', '/d/f2');
    remount();
    expect(await client.names('/d')).toEqual(['e', 'f2']);
    await expect(client.stat('/d/f')).rejects.toMatchObject(ENOENT);
  });

  test('W-76, O-12: a rename that fails copies nothing up', async () => {
    await client.mkdir('/new');
    await expect(client.rename('/new', '/d')).rejects.toMatchObject({ errno: 39 });
    expect(fs.readdirSync(folders.upper)).toEqual(['new']);
  });

  test('W-77, R-02: locks are left to the kernel, where they exclude', () => {
    expect('setlk' in overlay || 'getlk' in overlay).toBe(false);
    expect(overlay.options.remoteLocks ?? false).toBe(false);
  });

  test('W-78, O-13, R-02: a lower file can get another name', async () => {
    expect((await client.stat('/g')).nlink).toBe(1);
    await client.link('/g', '/d/g2');
    const [one, two] = [await client.stat('/g'), await client.stat('/d/g2')];
    expect([one.ino, one.nlink]).toEqual([two.ino, 2]);
    remount();
    expect(await client.text('/d/g2')).toBe('g');
    expect((await client.stat('/g')).ino).toBe((await client.stat('/d/g2')).ino);
  });

  test('W-79, R-02: RENAME_NOREPLACE and RENAME_EXCHANGE', async () => {
    await expect(client.rename('/g', '/d/f', 1)).rejects.toMatchObject({ errno: 17 });
    await client.rename('/g', '/h', 1);
    await client.rename('/h', '/d', 2);
    remount();
    expect(await client.text('/d')).toBe('g');
    expect(await client.text('/h/e/deep')).toBe('deep');
  });

  test('OV-24: an open lower directory that is removed or replaced has no links, and can be changed', async () => {
    for (const each of ['removed', 'replaced'])
      fs.mkdirSync(path.join(folders.lowers[0] ?? '', 'd', each));
    await client.mkdir('/d/over');
    const check = async (each: string, go: () => Promise<void>) => {
      const held = await client.open(`/d/${each}`, fs.constants.O_DIRECTORY);
      const { ino } = await held.stat();
      await go();
      expect(await held.stat()).toMatchObject({ ino, nlink: 0 });
      await held.chmod(0o711);
      expect(await held.stat()).toMatchObject({ ino, nlink: 0, mode: S_IFDIR | 0o711 });
      await held.close();
    };
    await check('removed', () => client.rmdir('/d/removed'));
    await check('replaced', () => client.rename('/d/over', '/d/replaced'));
    remount();
    expect(await client.names('/d')).toEqual(['e', 'f', 'replaced']);
    expect((await client.stat('/d/replaced')).mode & 0o777).toBe(0o777);
  });

  test('issue 4: st_ino stays over copy-up, rename and remount', async () => {
    const before = [await client.stat('/g'), await client.stat('/d')].map((a) => a.ino);
    await client.appendFile('/g', '+');
    await client.rename('/g', '/d/g2');
    await client.rename('/d', '/d2');
    expect([await client.stat('/d2/g2'), await client.stat('/d2')].map((a) => a.ino)).toEqual(
      before,
    );
    remount();
    expect([await client.stat('/d2/g2'), await client.stat('/d2')].map((a) => a.ino)).toEqual(
      before,
    );
  });

  test('issue 4: a reader that opened before the copy-up keeps reading; the lower is untouched', async () => {
    const reader = await client.open('/g', 0);
    await client.appendFile('/g', '+');
    expect((await reader.read(10, 0)).toString()).toBe('g+');
    await client.unlink('/g');
    expect((await reader.read(10, 0)).toString()).toBe('g+');
    await reader.close();
    expect(fs.readFileSync(path.join(folders.lowers[0] ?? '', 'g'), 'utf8')).toBe('g');
  });

  test('OV-17: however many deleted files are held, others are read and deleted', async () => {
    const d = (await overlay.lookup(OWN_REQUEST, ROOT_NODE, nameFromUtf8('d'))) as Entry;
    for (let i = 0; i < 300; i++) {
      const name = nameFromUtf8(`gone${i}`);
      await overlay.mknod(OWN_REQUEST, d.node, name, 0o100600, 0, 0);
      await overlay.unlink(OWN_REQUEST, d.node, name);
    }
    expect(overlay.counts.open).toBe(300);
    expect(await client.text('/d/f')).toBe('f');
    await client.appendFile('/g', '+');
    const g = (await overlay.lookup(OWN_REQUEST, ROOT_NODE, nameFromUtf8('g'))) as Entry;
    expect(await client.text('/d/e/deep')).toBe('deep');
    await client.unlink('/g');
    const into = Buffer.alloc(10);
    expect(await overlay.read(OWN_REQUEST, g.node, 0 as Handle, 0, into, 0)).toBe(2);
  });
});

test('W-62, O-16: what the lower announces is seen, and a vanished name does not break the listing', async () => {
  const memory = new MemoryFs();
  const below = new DirectClient(memory);
  await below.mkdir('/d');
  await below.writeFile('/d/a', 'a');
  await below.writeFile('/d/b', 'b');
  const listeners = new Set<(node: number) => void>();
  const layer = Object.assign(memory, {
    onChange(listener: (node: never, name: undefined) => void) {
      const one = (node: number) => listener(node as never, undefined);
      listeners.add(one);
      return () => listeners.delete(one);
    },
  });
  const overlay = new Overlay({ upper: memoryUpper(), lowers: [{ layer }] });
  overlay.init({ notify: { invalInode: () => undefined, invalEntry: () => undefined } } as never);
  const client = new DirectClient(overlay);
  const held = (await overlay.lookup(OWN_REQUEST, ROOT_NODE, nameFromUtf8('d'))) as Entry;
  expect(await client.names('/d')).toEqual(['a', 'b']);
  await below.unlink('/d/a');
  for (const { name } of await client.list('/d')) if (name === 'b') await client.stat('/d/b');
  const node = (memory.lookup(OWN_REQUEST, ROOT_NODE, nameFromUtf8('d')) as Entry).node;
  for (const tell of listeners) tell(node);
  expect(await client.names('/d')).toEqual(['b']);
  overlay.forget(held.node, 1);
  overlay.destroy();
  expect(listeners.size).toBe(0);
});
