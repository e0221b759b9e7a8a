import fs from 'node:fs';
import path from 'node:path';

import { describe, expect, test } from '@jest/globals';
import { FsError, MemoryFs, type Layer } from '@scorpiofs/fuse';
import { DirectClient } from '@scorpiofs/fuse/testing';

import { OverlayFs } from './overlay-fs.js';
import { diskOverlay, makeFolders, memoryUpper } from './testing/layers.js';
import { snapshot } from './testing/random-ops.js';

const EPERM = 1;
const EROFS = 30;
const EOPNOTSUPP = 95;
const S_IFCHR = 0o020000;
const CHANGES = ['create', 'mkdir', 'mknod', 'symlink', 'link', 'unlink', 'rmdir', 'rename'];
const MARKS = ['setxattr', 'getxattr', 'removexattr'];

/** A layer some of whose calls fail. */
function failing(real: Layer, errnoOf: (call: string, args: readonly unknown[]) => number): Layer {
  return new Proxy<Layer>(real, {
    get(target, key) {
      const value: unknown = Reflect.get(target, key, target);
      if (typeof value !== 'function' || typeof key !== 'string') return value;
      return (...args: unknown[]): unknown => {
        const errno = errnoOf(key, args);
        if (errno !== 0) throw FsError.of(errno);
        return Reflect.apply(value, target, args);
      };
    },
  });
}

async function base(): Promise<MemoryFs> {
  const lower = new MemoryFs();
  const below = new DirectClient(lower);
  await below.mkdir('/d');
  await below.mkdir('/gone');
  await below.writeFile('/d/f', 'f');
  await below.writeFile('/gone/x', 'x');
  await below.writeFile('/g', 'g');
  return lower;
}

describe('bad input (issue 4)', () => {
  test('an upper that became read-only, with leaves of a killed run: all can be read, changes are EROFS', async () => {
    const memory = new MemoryFs({ rootMode: 0o777 });
    const upper = memoryUpper(memory);
    const own = new DirectClient(memory);
    await own.writeFile('/aside/#left', 'half');
    await own.writeFile('/up/mine', 'mine');
    const readOnly = failing(memory, (call) =>
      [...CHANGES, 'setattr', 'write', 'setxattr'].includes(call) ? EROFS : 0,
    );
    const overlay = new OverlayFs({
      upper: { ...upper, layer: readOnly },
      lowers: [{ layer: await base() }],
    });
    const client = new DirectClient(overlay);
    expect(await client.text('/mine')).toBe('mine');
    expect(await client.names('/')).toEqual(['d', 'g', 'gone', 'mine']);
    await expect(client.appendFile('/g', '+')).rejects.toMatchObject({ errno: EROFS });
    await expect(client.unlink('/mine')).rejects.toMatchObject({ errno: EROFS });
    expect(await client.text('/g')).toBe('g');
    expect(await own.names('/aside')).toEqual(['#left']);
  });

  test('an upper without attributes and devices: the OCI form does without; a lower directory is moved by copying', async () => {
    const memory = new MemoryFs({ rootMode: 0o777 });
    const lower = await base();
    const poor = failing(memory, (call, args) =>
      MARKS.includes(call)
        ? EOPNOTSUPP
        : call === 'mknod' && (Number(args[3]) & 0o170000) === S_IFCHR
          ? EPERM
          : 0,
    );
    const open = () =>
      new OverlayFs({
        upper: { ...memoryUpper(memory), layer: poor, form: 'oci' },
        lowers: [{ layer: lower }],
      });
    const overlay = open();
    const client = new DirectClient(overlay);
    await client.appendFile('/d/f', '+');
    await client.rename('/g', '/d/g2');
    await client.unlink('/gone/x');
    await client.rmdir('/gone');
    await client.mkdir('/gone');
    await expect(client.rename('/d', '/e')).rejects.toMatchObject({ errno: 18 });
    const seen = await snapshot(overlay);
    expect(Object.keys(seen).sort()).toEqual(['/d', '/d/f', '/d/g2', '/gone']);
    overlay.destroy();
    expect(await snapshot(open())).toEqual(seen);
  });

  test('a mark beside a file of its name (OCI): the file is there, and stays gone when it is removed', async () => {
    const memory = new MemoryFs({ rootMode: 0o777 });
    const upper = { ...memoryUpper(memory), form: 'oci' as const };
    const own = new DirectClient(memory);
    await own.writeFile('/up/g', 'own');
    await own.writeFile('/up/.wh.g', '');
    const lower = await base();
    const open = () => new OverlayFs({ upper, lowers: [{ layer: lower }] });
    const client = new DirectClient(open());
    expect(await client.text('/g')).toBe('own');
    expect(await client.names('/')).toEqual(['d', 'g', 'gone']);
    await client.unlink('/g');
    expect(await new DirectClient(open()).names('/')).toEqual(['d', 'gone']);
  });

  test('a lower that holds names like marks is shown as it is when it has none', async () => {
    const lower = await base();
    const below = new DirectClient(lower);
    await below.writeFile('/.wh.g', 'a file of the repository');
    await below.setxattr('/d', 'trusted.overlay.opaque', 'y');
    const client = new DirectClient(
      new OverlayFs({
        upper: { ...memoryUpper(), form: 'oci' },
        lowers: [{ layer: lower, form: 'none' }],
      }),
    );
    expect(await client.names('/')).toEqual(['.wh.g', 'd', 'g', 'gone']);
    expect(await client.text('/g')).toBe('g');
  });

  test('a lower that vanishes: what is in the upper stays, the rest is an error, nothing is lost', async () => {
    const folders = makeFolders(1);
    const [lower = ''] = folders.lowers;
    const who = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
    fs.mkdirSync(path.join(lower, 'd'));
    for (const name of ['d/one', 'd/two', 'three']) fs.writeFileSync(path.join(lower, name), name);
    const first = diskOverlay(folders);
    try {
      const client = new DirectClient(first.overlay, who);
      await client.appendFile('/d/one', '+');
      await client.unlink('/three');
      expect(await client.text('/d/two')).toBe('d/two');
      const open = await client.open('/d/two', 0);
      fs.rmSync(lower, { recursive: true });
      expect(await client.text('/d/one')).toBe('d/one+');
      await expect(client.text('/d/two')).rejects.toBeInstanceOf(FsError);
      await expect(client.appendFile('/d/two', '+')).rejects.toBeInstanceOf(FsError);
      await client.writeFile('/new', 'new');
      await client.appendFile('/d/one', '+');
      await open.close();
    } finally {
      first.end();
    }
    fs.mkdirSync(lower);
    const again = diskOverlay(folders);
    try {
      const client = new DirectClient(again.overlay, who);
      expect(await client.text('/d/one')).toBe('d/one++');
      expect(await client.names('/')).toEqual(['d', 'new']);
      expect(await client.names('/d')).toEqual(['one']);
    } finally {
      again.end();
      fs.rmSync(folders.dir, { recursive: true });
    }
  });
});
