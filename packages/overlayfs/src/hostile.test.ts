import { describe, expect, test } from '@jest/globals';
import { FsError, MemoryFs, ROOT_NODE, nameFromUtf8, type Layer } from '@scorpiofs/fuse';
import { DirectClient } from '@scorpiofs/fuse/testing';

import { OverlayFs } from './overlay-fs.js';
import { OWN_REQUEST } from './state.js';
import { AS_ROOT, memoryUpper } from './testing/layers.js';

const EIO = { errno: 5 };

async function marked(mark: string, value: Uint8Array | string) {
  const lower = new MemoryFs();
  const below = new DirectClient(lower, AS_ROOT);
  await below.mkdir('/d');
  await below.writeFile('/d/f', 'f');
  const memory = new MemoryFs({ rootMode: 0o777 });
  const upper = memoryUpper(memory);
  const own = new DirectClient(memory, AS_ROOT);
  await own.mkdir('/up/d');
  await own.writeFile('/up/file', '\0\0\0');
  await own.setxattr(
    mark === 'metacopy' || mark === 'origin' ? '/up/file' : '/up/d',
    `trusted.overlay.${mark}`,
    value,
  );
  await own.setxattr('/up', 'trusted.overlay.impure', 'y');
  const overlay = new OverlayFs({ upper, lowers: [{ layer: lower }] });
  return new DirectClient(overlay, AS_ROOT);
}

describe('bad input: marks that no overlay wrote (issue 4)', () => {
  test.each(['', '..', '../../etc', '/a/../b', 'a/b', '/', 'x\0y'])(
    'a corrupted redirect %j is EIO, and the rest of the tree is there',
    async (redirect) => {
      const client = await marked('redirect', redirect);
      await expect(client.stat('/d')).rejects.toMatchObject(EIO);
      expect(await client.text('/file')).toHaveLength(3);
    },
  );

  test('a redirect to nothing shows an empty directory', async () => {
    expect(await (await marked('redirect', '/no/where')).names('/d')).toEqual([]);
  });

  test.each([Buffer.alloc(0), Buffer.from('garbage'), Buffer.alloc(64, 255)])(
    'a corrupted origin is ignored: the number is the own one',
    async (origin) => {
      const client = await marked('origin', origin);
      expect((await client.stat('/file')).ino).toBeGreaterThan(0n);
    },
  );

  test('D6: a file whose data is elsewhere (metacopy) is an error, not zeros', async () => {
    const client = await marked('metacopy', '');
    expect((await client.stat('/file')).size).toBe(3);
    await expect(client.readFile('/file')).rejects.toMatchObject(EIO);
  });

  test('a user cannot make marks: 0:0 devices, .wh. names in the OCI form, attributes are escaped', async () => {
    const overlay = new OverlayFs({ upper: { ...memoryUpper(), form: 'oci' }, lowers: [] });
    const client = new DirectClient(overlay, AS_ROOT);
    await expect(client.mknod('/w', 0o020000)).rejects.toMatchObject({ errno: 1 });
    await expect(client.writeFile('/.wh.x', 'x')).rejects.toMatchObject({ errno: 1 });
    const memory = new MemoryFs({ rootMode: 0o777 });
    const other = new DirectClient(
      new OverlayFs({ upper: memoryUpper(memory), lowers: [] }),
      AS_ROOT,
    );
    await other.writeFile('/.wh.x', 'an ordinary name in the kernel form');
    expect(await other.names('/')).toEqual(['.wh.x']);
    await other.setxattr('/.wh.x', 'trusted.overlay.opaque', 'y');
    expect(await other.listxattr('/.wh.x')).toEqual(['trusted.overlay.opaque']);
    expect(await new DirectClient(memory, AS_ROOT).listxattr('/up/.wh.x')).toEqual([
      'trusted.overlay.overlay.opaque',
    ]);
  });
});

/** A layer that may be read and no more, as a file of mode 0444 is without root's rights. */
function unwritable(real: MemoryFs): Layer {
  return new Proxy<Layer>(real, {
    get(target, key) {
      const value: unknown = Reflect.get(target, key, target);
      if (typeof value !== 'function') return value;
      return (...args: unknown[]): unknown => {
        if (key === 'open' && (Number(args[2]) & 3) !== 0) throw FsError.of(13);
        return Reflect.apply(value, target, args);
      };
    },
  });
}

test('an upper file that cannot be opened for writing can be read', async () => {
  const memory = new MemoryFs({ rootMode: 0o777 });
  const upper = memoryUpper(memory);
  await new DirectClient(memory, AS_ROOT).writeFile('/up/f', 'text');
  const overlay = new OverlayFs({ upper: { ...upper, layer: unwritable(memory) }, lowers: [] });
  const client = new DirectClient(overlay, AS_ROOT);
  expect(await client.text('/f')).toBe('text');
  await expect(client.appendFile('/f', '+')).rejects.toMatchObject({ errno: 13 });
  expect(await client.text('/f')).toBe('text');
});

test.each([
  ['no layer', () => ({ lowers: [] }), 'OVERLAY_NO_LAYER'],
  [
    'no work directory',
    () => ({ upper: { layer: new MemoryFs() }, lowers: [] }),
    'OVERLAY_NO_WORK',
  ],
  [
    'an upper that is a lower too',
    () => {
      const upper = memoryUpper();
      return { upper, lowers: [{ ...upper }] };
    },
    'OVERLAY_SAME_LAYER',
  ],
])('%s: an error with a hint', (_what, options, code) => {
  expect(() => new OverlayFs(options())).toThrow(
    expect.objectContaining({ code, hint: expect.stringMatching(/./) }),
  );
});

test('without an upper everything that changes is EROFS', async () => {
  const client = new DirectClient(new OverlayFs({ lowers: [{ layer: new MemoryFs() }] }), AS_ROOT);
  await expect(client.mkdir('/d')).rejects.toMatchObject({ errno: 30 });
  await expect(client.chmod('/', 0o700)).rejects.toMatchObject({ errno: 30 });
});

test('what an earlier run left in the work directory goes; other names there stay', async () => {
  const memory = new MemoryFs({ rootMode: 0o777 });
  const upper = memoryUpper(memory);
  const own = new DirectClient(memory, AS_ROOT);
  await own.mkdir('/aside/#1.2');
  await own.writeFile('/aside/#1.2/x', 'x');
  await own.writeFile('/aside/#3.4', 'x');
  await own.writeFile('/aside/mine', 'x');
  const overlay = new OverlayFs({ upper, lowers: [] });
  await overlay.lookup(OWN_REQUEST, ROOT_NODE, nameFromUtf8('x'));
  expect(await own.names('/aside')).toEqual(['mine']);
});

test('a layer file is not closed while a read of it is under way, also when it is copied up meanwhile', async () => {
  const memory = new MemoryFs();
  await new DirectClient(memory, AS_ROOT).writeFile('/f', 'text');
  const open = new Set<unknown>();
  const late: (() => void)[] = [];
  const layer = new Proxy<Layer>(memory, {
    get(target, key) {
      const value: unknown = Reflect.get(target, key, target);
      if (typeof value !== 'function') return value;
      return (...args: unknown[]): unknown => {
        const result: unknown = Reflect.apply(value, target, args);
        if (key === 'open') {
          const opened = result as { fh: unknown };
          open.add(opened.fh);
          return Promise.resolve().then(() => opened);
        }
        if (key === 'release') open.delete(args[2]);
        if (key !== 'read' || late.length >= 2) return result;
        return new Promise((resolve) => {
          late.push(() => {
            expect(open.has(args[2])).toBe(true);
            resolve(result);
          });
        });
      };
    },
  });
  const overlay = new OverlayFs({ upper: memoryUpper(), lowers: [{ layer }] });
  const { node } = await overlay.lookup(OWN_REQUEST, ROOT_NODE, nameFromUtf8('f'));
  if (node === 0) throw new Error('not found');
  const fh = 0 as Parameters<OverlayFs['read']>[2];
  const reads = [1, 2].map(async () => overlay.read(OWN_REQUEST, node, fh, 0, Buffer.alloc(4), 0));
  while (late.length < 2) await new Promise((resolve) => setImmediate(resolve));
  expect(open.size).toBe(1);
  await new DirectClient(overlay, AS_ROOT).appendFile('/f', '+');
  expect(open.size).toBe(1);
  for (const go of late) go();
  expect(await Promise.all(reads)).toEqual([4, 4]);
  expect(open.size).toBe(0);
  overlay.forget(node, 1);
});
