import fs from 'node:fs';
import path from 'node:path';

import { expect, test } from '@jest/globals';
import { nameFromUtf8, ROOT_NODE, type DirSink, type Handle, type NodeId } from '@scorpiofs/fuse';
import { countingFs, type Calls } from '@scorpiofs/fuse/testing';
import { PassthroughFs } from '@scorpiofs/passthroughfs';

import { EEXIST } from './errno.js';
import { OverlayFs } from './overlay-fs.js';
import { OWN_REQUEST } from './state.js';
import { makeFolders, memoryUpper } from './testing/layers.js';

const FILE = 0o100644;
const NO_HANDLE = 0 as Handle;

/** A lower directory `d` with ten files, its calls counted, below an upper in memory. */
async function counted(use: (overlay: OverlayFs, below: Calls, above: Calls) => Promise<void>) {
  const folders = makeFolders(1);
  const base = new PassthroughFs(path.join(folders.dir, 'lower0'), { readOnly: true });
  const lower = countingFs(base);
  const own = memoryUpper();
  const upper = countingFs(own.layer);
  const overlay = new OverlayFs({
    upper: { ...own, layer: upper.fs },
    lowers: [{ layer: lower.fs }],
  });
  try {
    fs.mkdirSync(path.join(folders.dir, 'lower0', 'd'));
    for (let i = 0; i < 10; i++)
      fs.writeFileSync(path.join(folders.dir, 'lower0', 'd', `f${i}`), `data of ${i}`);
    await use(overlay, lower.calls, upper.calls);
  } finally {
    overlay.destroy();
    base.destroy();
    fs.rmSync(folders.dir, { recursive: true });
  }
}

async function enter(overlay: OverlayFs) {
  const entry = await overlay.lookup(OWN_REQUEST, ROOT_NODE, nameFromUtf8('d'));
  if (entry.node === 0) throw new Error('d is not there');
  return entry.node;
}

test('counted: a listing with attributes asks the one layer that has the directory, once for each name', async () => {
  await counted(async (overlay, below, above) => {
    const directory = await enter(overlay);
    below.clear();
    above.clear();
    const names: string[] = [];
    const sink: DirSink = {
      plus: true,
      add: () => true,
      addEntry: (name) => names.push(name) > 0,
    };
    await overlay.readdir(OWN_REQUEST, directory, NO_HANDLE, 0, sink);
    expect(names).toHaveLength(10);
    expect(Object.fromEntries(below)).toEqual({ list: 1, lookup: 10 });
    expect(Object.fromEntries(above)).toEqual({});
  });
});

test('counted: the first read opens a file once and asks that file whether the data is its own', async () => {
  await counted(async (overlay, below) => {
    const directory = await enter(overlay);
    const entry = await overlay.lookup(OWN_REQUEST, directory, nameFromUtf8('f3'));
    if (entry.node === 0) throw new Error('f3 is not there');
    below.clear();
    const into = Buffer.alloc(100);
    const read = await overlay.read(OWN_REQUEST, entry.node, NO_HANDLE, 0, into, 0);
    expect(into.toString('utf8', 0, read)).toBe('data of 3');
    expect([...below.keys()]).toEqual(['open', 'findXattr', 'read']);
    await overlay.read(OWN_REQUEST, entry.node, NO_HANDLE, 0, into, 0);
    expect(Object.fromEntries(below)).toEqual({ open: 1, findXattr: 1, read: 2 });
  });
});

test('counted: in a directory of its own a new file is made without looking, and closed without asking', async () => {
  await counted(async (overlay, below, above) => {
    const directory = await overlay.mkdir(OWN_REQUEST, ROOT_NODE, nameFromUtf8('n'), 0o755, 0);
    below.clear();
    above.clear();
    const make = (i: number) =>
      overlay.mknod(OWN_REQUEST, directory.node, nameFromUtf8(`f${i}`), FILE, 0, 0o022);
    await make(0);
    expect(Object.fromEntries(above)).toEqual({ create: 1 });
    // More than are kept open.
    for (let i = 1; i < 300; i++) await make(i);
    expect(above.get('create')).toBe(300);
    expect([...above.keys()].filter((name) => !name.startsWith('release'))).toEqual(['create']);
    await expect(async () => await make(7)).rejects.toMatchObject({ errno: EEXIST });
    expect(Object.fromEntries(below)).toEqual({});
  });
});

test('counted: what changes in a directory of its own is one call each', async () => {
  await counted(async (overlay, below, above) => {
    const { node } = await overlay.mkdir(OWN_REQUEST, ROOT_NODE, nameFromUtf8('n'), 0o755, 0);
    below.clear();
    const [a, b, c] = ['a', 'b', 'c'].map(nameFromUtf8);
    if (a === undefined || b === undefined || c === undefined) throw new Error('three names');
    const make = (name: typeof a) => overlay.mknod(OWN_REQUEST, node, name, FILE, 0, 0o022);
    const file = (await make(a)).node;
    // Whether a directory holds files from below is asked once.
    expect(await overlay.lookup(OWN_REQUEST, node, a)).toMatchObject({ node: file });
    const calls = async (work: () => unknown) => {
      above.clear();
      await work();
      return Object.fromEntries(above);
    };
    const how = { flags: 0, cached: false, killSuidgid: false };
    const bytes = Buffer.from('data');
    expect(await calls(() => overlay.write(OWN_REQUEST, file, NO_HANDLE, 0, bytes, how))).toEqual({
      write: 1,
    });
    expect(
      await calls(() => overlay.setattr(OWN_REQUEST, file, { mode: 0o600 }, undefined)),
    ).toEqual({ setattr: 1 });
    // Asked by the kernel before a write; a new file has some only when they were set.
    const capabilities = nameFromUtf8('security.capability');
    const asked = () => overlay.getxattr(OWN_REQUEST, file, capabilities);
    expect(await calls(asked)).toEqual({});
    expect(await asked()).toBe(undefined);
    await overlay.setxattr(OWN_REQUEST, file, capabilities, bytes, 0, false);
    expect(await asked()).toEqual(bytes);
    await overlay.removexattr(OWN_REQUEST, file, capabilities);
    expect(await calls(() => overlay.rename(OWN_REQUEST, node, a, node, b, 0))).toEqual({
      rename: 1,
    });
    expect(await calls(() => overlay.unlink(OWN_REQUEST, node, b))).toEqual({ unlink: 1 });
    const target = Buffer.from('a');
    expect(await calls(() => overlay.symlink(OWN_REQUEST, node, c, target))).toEqual({
      symlink: 1,
    });
    expect(await calls(() => overlay.unlink(OWN_REQUEST, node, c))).toEqual({ unlink: 1 });
    expect(await calls(() => overlay.mkdir(OWN_REQUEST, node, c, 0o755, 0))).toEqual({ mkdir: 1 });
    expect(await calls(() => overlay.rmdir(OWN_REQUEST, node, c))).toEqual({ rmdir: 1 });
    // The data of the one that has no name now is still there, and a name that is taken is replaced all the same.
    const into = Buffer.alloc(10);
    expect(await overlay.read(OWN_REQUEST, file, NO_HANDLE, 0, into, 0)).toBe(bytes.length);
    const second = (await make(b)).node;
    await make(c);
    await overlay.rename(OWN_REQUEST, node, b, node, c, 0);
    expect(await overlay.lookup(OWN_REQUEST, node, c)).toMatchObject({ node: second });
    expect(await overlay.lookup(OWN_REQUEST, node, b)).toMatchObject({ node: 0 });
    expect(Object.fromEntries(below)).toEqual({});
  });
});

test('counted: in a merged directory a new file is made without looking again; what is whited out stays so', async () => {
  await counted(async (overlay, below, above) => {
    const directory = await enter(overlay);
    const make = (name: string) =>
      overlay.mknod(OWN_REQUEST, directory, nameFromUtf8(name), FILE, 0, 0o022);
    const look = (name: string) => overlay.lookup(OWN_REQUEST, directory, nameFromUtf8(name));
    await make('first');
    expect(await look('second')).toMatchObject({ node: 0 });
    below.clear();
    above.clear();
    await make('second');
    expect([Object.fromEntries(above), Object.fromEntries(below)]).toEqual([{ create: 1 }, {}]);
    // Known to be absent, but for a whiteout, which must not be lost; and one that is there is not made again.
    await overlay.unlink(OWN_REQUEST, directory, nameFromUtf8('f3'));
    expect(await look('f3')).toMatchObject({ node: 0 });
    expect(await make('f3')).toMatchObject({ attr: { size: 0 } });
    await expect(async () => await make('f3')).rejects.toMatchObject({ errno: EEXIST });
    await expect(async () => await make('f4')).rejects.toMatchObject({ errno: EEXIST });
    await overlay.unlink(OWN_REQUEST, directory, nameFromUtf8('f3'));
    expect(await look('f3')).toMatchObject({ node: 0 });
  });
});

test('counted: a listing with attributes asks nothing for files that the kernel has as they are', async () => {
  await counted(async (overlay, _below, above) => {
    const { node } = await overlay.mkdir(OWN_REQUEST, ROOT_NODE, nameFromUtf8('n'), 0o755, 0);
    const made = new Map<string, NodeId>();
    for (const name of ['kept', 'written', 'moved', 'forgotten']) {
      const entry = await overlay.mknod(OWN_REQUEST, node, nameFromUtf8(name), FILE, 0, 0o022);
      made.set(name, entry.node);
    }
    const list = async () => {
      const [named, whole]: [string[], string[]] = [[], []];
      const sink: DirSink = {
        plus: true,
        add: (name) => named.push(name) > 0,
        addEntry: (name) => whole.push(name) > 0,
      };
      await overlay.readdir(OWN_REQUEST, node, NO_HANDLE, 0, sink);
      return { named: named.filter((name) => !name.startsWith('.')), whole };
    };
    above.clear();
    expect(await list()).toEqual({ named: ['kept', 'written', 'moved', 'forgotten'], whole: [] });
    expect(above.get('lookup')).toBe(undefined);
    const how = { flags: 0, cached: false, killSuidgid: false };
    const written = made.get('written') ?? ROOT_NODE;
    await overlay.write(OWN_REQUEST, written, NO_HANDLE, 0, Buffer.from('data'), how);
    const [from, to] = [nameFromUtf8('moved'), nameFromUtf8('there')];
    await overlay.rename(OWN_REQUEST, node, from, node, to, 0);
    overlay.forget(made.get('forgotten') ?? ROOT_NODE, 1);
    expect(await list()).toEqual({ named: ['kept'], whole: ['written', 'forgotten', 'there'] });
    expect((await list()).whole).toEqual([]);
  });
});
