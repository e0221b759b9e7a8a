import fs from 'node:fs';
import path from 'node:path';

import { describe, expect, test } from '@jest/globals';
import { MemoryFs } from '@scorpiofs/fuse';
import { DirectClient } from '@scorpiofs/fuse/testing';

import { OverlayFs } from './overlay-fs.js';
import { FailingLayer } from './testing/failing-layer.js';
import { AS_ROOT, diskOverlay, makeFolders, memoryUpper } from './testing/layers.js';

const EIO = { errno: 5 };
const DATA = 'the data is below';

interface Marked {
  readonly path: string;
  readonly mark?: Uint8Array | string;
  readonly redirect?: string;
  readonly size?: number;
}

/** As the kernel's overlay leaves a file with `metacopy=on`: a hole of its size, and marks. */
async function metacopy(client: DirectClient, file: Marked, prefix = 'trusted.overlay.') {
  await client.writeFile(file.path, '', 0o640);
  await client.truncate(file.path, file.size ?? DATA.length);
  await client.setxattr(file.path, `${prefix}metacopy`, file.mark ?? '');
  if (file.redirect !== undefined)
    await client.setxattr(file.path, `${prefix}redirect`, file.redirect);
}

async function layers(upper: Marked, middle?: Marked, xattrPrefix = 'trusted.overlay.') {
  const [base, between, top] = [
    new MemoryFs(),
    new MemoryFs(),
    new MemoryFs({ rootMode: 0o777 }),
  ] as const;
  const below = new DirectClient(base, AS_ROOT);
  await below.mkdir('/d');
  await below.writeFile('/d/f', DATA);
  const [mid, own] = [new DirectClient(between, AS_ROOT), new DirectClient(top, AS_ROOT)];
  await mid.mkdir('/d');
  if (middle !== undefined) await metacopy(mid, middle, xattrPrefix);
  const roots = memoryUpper(top);
  await own.mkdir('/up/d');
  await metacopy(own, { ...upper, path: `/up${upper.path}` }, xattrPrefix);
  const overlay = new OverlayFs({
    upper: { ...roots, xattrPrefix },
    lowers: [
      { layer: between, xattrPrefix },
      { layer: base, xattrPrefix },
    ],
  });
  return { overlay, client: new DirectClient(overlay, AS_ROOT), own, below, top };
}

const marksOf = (own: DirectClient, at: string) => own.listxattr(`/up${at}`);

describe('OV-10: a file without data of its own (metacopy) has that of the next layer', () => {
  test.each<[string, Marked, Marked | undefined]>([
    ['the same name', { path: '/d/f' }, undefined],
    [
      'the mark with a header and no digest',
      { path: '/d/f', mark: Buffer.of(0, 4, 0, 0) },
      undefined,
    ],
    ['another name in the directory', { path: '/d/g', redirect: 'f' }, undefined],
    ['a path from the root', { path: '/g', redirect: '/d/f' }, undefined],
    ['two steps', { path: '/g', redirect: '/d/h' }, { path: '/d/h', redirect: 'f' }],
    ['two steps, two paths', { path: '/g', redirect: '/h' }, { path: '/h', redirect: '/d/f' }],
    ['a name, then a path', { path: '/d/g', redirect: 'h' }, { path: '/d/h', redirect: '/d/f' }],
  ])('%s', async (_title, upper, middle) => {
    for (const prefix of ['trusted.overlay.', 'user.overlay.']) {
      const { client, own, below, overlay } = await layers(upper, middle, prefix);
      const reader = await client.open(upper.path, 0);
      expect((await reader.read(100, 0)).toString()).toBe(DATA);
      expect((await client.stat(upper.path)).blocks).toBeGreaterThan(0);
      expect((await client.stat(upper.path)).mode & 0o777).toBe(0o640);
      await client.appendFile(upper.path, '!');
      expect(await client.text(upper.path)).toBe(`${DATA}!`);
      expect((await reader.read(100, 0)).toString()).toBe(`${DATA}!`);
      await reader.close();
      expect(await own.text(`/up${upper.path}`)).toBe(`${DATA}!`);
      expect(await marksOf(own, upper.path)).not.toContain(`${prefix}metacopy`);
      expect(await below.text('/d/f')).toBe(DATA);
      expect(client.references).toBe(0);
      overlay.destroy();
    }
  });

  test('a truncation copies what it keeps, a rename all of it', async () => {
    const { client, own } = await layers({ path: '/d/f' });
    await client.truncate('/d/f', 3);
    expect(await own.text('/up/d/f')).toBe('the');
    const other = await layers({ path: '/d/f' });
    await other.client.rename('/d/f', '/g');
    expect(await other.own.text('/up/g')).toBe(DATA);
  });

  test('what was opened and unlinked can be read and written', async () => {
    const { client } = await layers({ path: '/d/f' });
    const file = await client.open('/d/f', 2);
    await client.unlink('/d/f');
    await file.write('THE', 0);
    expect((await file.read(100, 0)).toString()).toBe(`THE${DATA.slice(3)}`);
    await file.close();
    expect(client.references).toBe(0);
  });

  test('a lower file of that kind is copied up with its data', async () => {
    const { client, own } = await layers({ path: '/x' }, { path: '/d/f' });
    await client.chmod('/d/f', 0o600);
    expect(await own.text('/up/d/f')).toBe(DATA);
  });

  test.each<[string, Marked, string]>([
    ['no such file below', { path: '/d/lost' }, 'in no lower layer'],
    ['a directory below', { path: '/d/g', redirect: '/d' }, 'in no lower layer'],
    ['less data below', { path: '/d/f', size: 1000 }, 'cut below'],
    ['a digest', { path: '/d/f', mark: Buffer.from([0, 36, 0, 1, ...Buffer.alloc(32)]) }, 'verity'],
    ['a corrupted mark', { path: '/d/f', mark: 'garbage' }, 'corrupted'],
    ['a redirect that leaves the tree', { path: '/d/f', redirect: '../f' }, 'corrupted redirect'],
  ])('%s: EIO when read or written, never zeros; the rest is there', async (_t, file, says) => {
    const { client, own } = await layers(file);
    await expect(client.readFile(file.path)).rejects.toMatchObject(EIO);
    await expect(client.readFile(file.path)).rejects.toThrow(says);
    await expect(client.appendFile(file.path, '+')).rejects.toMatchObject(EIO);
    expect((await client.stat(file.path)).size).toBe(file.size ?? DATA.length);
    expect(await marksOf(own, file.path)).toContain('trusted.overlay.metacopy');
    await client.unlink(file.path);
    expect(await client.exists(file.path)).toBe(false);
  });

  test('OV-3: killed at any change while the data is put in place: the old or the new file', async () => {
    for (const [op, wanted] of [
      [(c: DirectClient) => c.appendFile('/d/f', '+'), [DATA, `${DATA}+`]],
      [(c: DirectClient) => c.truncate('/d/f', 3), [DATA, 'the']],
    ] as const) {
      const seen = new Set<string>();
      for (let at = 1; ; at++) {
        const { overlay, top, below, ...rest } = await layers({ path: '/d/f' });
        overlay.destroy();
        const failing = new FailingLayer(top);
        const base = new MemoryFs();
        await new DirectClient(base, AS_ROOT).mkdir('/d');
        await new DirectClient(base, AS_ROOT).writeFile('/d/f', await below.text('/d/f'));
        const stack = (layer: typeof top | FailingLayer['layer']) =>
          new DirectClient(
            new OverlayFs({ upper: { ...memoryUpper(top), layer }, lowers: [{ layer: base }] }),
            AS_ROOT,
          );
        failing.dieAt(at);
        await op(stack(failing.layer)).catch(() => undefined);
        const text = await stack(top).text('/d/f');
        expect([at, wanted]).toEqual([at, expect.arrayContaining([text])]);
        seen.add(text);
        expect(await rest.own.text('/up/d/f')).toHaveLength((await stack(top).stat('/d/f')).size);
        if (!failing.dead) break;
      }
      expect(seen.size).toBe(2);
    }
  });
});

test('a redirect goes through directories that a layer in between renamed', async () => {
  const folders = makeFolders(2);
  const [middle = '', base = ''] = folders.lowers;
  try {
    fs.mkdirSync(path.join(base, 'x/b'), { recursive: true });
    fs.writeFileSync(path.join(base, 'x/b/f'), 'f');
    const renaming = async (upper: string, lowers: readonly string[], from: string, to: string) => {
      const { overlay, end } = diskOverlay({ upper, work: folders.work, lowers });
      await new DirectClient(overlay, AS_ROOT).rename(from, to);
      end();
    };
    await renaming(middle, [base], '/x', '/a');
    await renaming(folders.upper, [middle, base], '/a/b', '/r');
    const { overlay, end } = diskOverlay(folders);
    expect(await new DirectClient(overlay, AS_ROOT).text('/r/f')).toBe('f');
    end();
  } finally {
    fs.rmSync(folders.dir, { recursive: true });
  }
});
