import { describe, expect, test } from '@jest/globals';
import { MemoryFs, type Layer } from '@scorpiofs/fuse';
import { countingFs, DirectClient } from '@scorpiofs/fuse/testing';

import { OverlayFs } from './overlay-fs.js';
import { memoryUpper } from './testing/layers.js';

const O_RDWR = 2;

async function linkedBase() {
  const lower = new MemoryFs();
  const below = new DirectClient(lower);
  await below.writeFile('/one', 'text');
  await below.link('/one', '/two');
  await below.link('/one', '/three');
  return lower;
}

async function stack(change: (layer: Layer) => Layer = (layer) => layer) {
  const lower = await linkedBase();
  const memory = new MemoryFs({ rootMode: 0o777 });
  let overlay: OverlayFs | undefined;
  const mount = () => {
    overlay?.destroy();
    const upper = { ...memoryUpper(memory), layer: change(memory) };
    overlay = new OverlayFs({ upper, lowers: [{ layer: lower }] });
    return new DirectClient(overlay);
  };
  return { own: new DirectClient(memory), mount };
}

describe('OV-13: names of a lower file are one file, also after a remount', () => {
  test('a change by one is seen by the others, with count and number', async () => {
    const { mount } = await stack();
    let client = mount();
    const { ino } = await client.stat('/one');
    await client.appendFile('/two', '+');
    client = mount();
    for (const name of ['/one', '/two', '/three']) {
      expect([name, await client.text(name)]).toEqual([name, 'text+']);
      expect(await client.stat(name)).toMatchObject({ ino, nlink: 3 });
    }
    await client.unlink('/two');
    await client.appendFile('/one', '!');
    client = mount();
    expect(await client.text('/three')).toBe('text+!');
    expect(await client.stat('/three')).toMatchObject({ ino, nlink: 2 });
    expect(client.references).toBe(0);
  });

  test('names that go before a change are counted', async () => {
    const { mount } = await stack();
    await mount().unlink('/one');
    expect((await mount().stat('/two')).nlink).toBe(2);
    await mount().chmod('/two', 0o600);
    expect(await mount().stat('/three')).toMatchObject({ nlink: 2 });
  });

  test('what is written by a descriptor whose name is gone is seen by the others', async () => {
    const { mount } = await stack();
    const client = mount();
    const file = await client.open('/one', O_RDWR);
    await client.unlink('/one');
    await file.write('TEXT', 0);
    await file.close();
    expect(await client.text('/two')).toBe('TEXT');
    expect(await mount().text('/three')).toBe('TEXT');
    expect(await mount().stat('/three')).toMatchObject({ nlink: 2 });
  });

  test('nothing is left when the last name goes; a descriptor reads on', async () => {
    const { mount, own } = await stack();
    const client = mount();
    await client.appendFile('/one', '+');
    const names = ['/three', '/one', '/two'];
    const file = await client.open('/one', O_RDWR);
    for (const name of names) await client.unlink(name);
    expect((await file.read(10, 0)).toString()).toBe('text+');
    expect((await file.stat()).nlink).toBe(0);
    await file.close();
    expect(await own.names('/aside/links')).toEqual([]);
    expect(await mount().names('/')).toEqual([]);
  });

  test('an index of another upper is not believed, and a lost copy is dropped', async () => {
    const { mount, own } = await stack();
    await mount().appendFile('/one', '+');
    await own.setxattr('/aside/links', 'trusted.overlay.upper', 'another');
    expect(await mount().text('/two')).toBe('text');
    expect(await own.names('/aside/links')).toEqual([]);
    expect(await mount().text('/one')).toBe('text+');
    const other = await stack();
    await other.mount().appendFile('/one', '+');
    const [name = ''] = await other.own.names('/aside/links');
    await other.own.setxattr(`/aside/links/${name}`, 'trusted.overlay.nlink', 'U-1');
    await other.own.unlink('/up/one');
    await other.mount().names('/');
    expect(await other.own.names('/aside/links')).toEqual([]);
  });

  test('an upper without hard links: one file while it lives', async () => {
    const { mount } = await stack(
      (layer) =>
        new Proxy(layer, {
          get: (target, key): unknown => {
            const value: unknown = key === 'link' ? undefined : Reflect.get(target, key, target);
            return typeof value === 'function' ? value.bind(target) : value;
          },
        }),
    );
    const client = mount();
    await client.appendFile('/one', '+');
    expect(await client.text('/two')).toBe('text+');
    expect((await client.stat('/two')).nlink).toBe(3);
    expect(await mount().text('/two')).toBe('text');
  });

  test('files with one name cost nothing', async () => {
    const lower = new MemoryFs();
    await new DirectClient(lower).writeFile('/f', 'x');
    const upper = memoryUpper();
    const counted = countingFs(upper.layer);
    const client = new DirectClient(
      new OverlayFs({ upper: { ...upper, layer: counted.fs }, lowers: [{ layer: lower }] }),
    );
    await client.text('/f');
    expect(counted.calls.get('mkdir') ?? 0).toBe(0);
    const before = counted.calls.get('lookup') ?? 0;
    await client.stat('/f');
    expect((counted.calls.get('lookup') ?? 0) - before).toBe(1);
  });
});
