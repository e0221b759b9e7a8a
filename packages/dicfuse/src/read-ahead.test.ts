import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { setImmediate } from 'node:timers/promises';
import { Fixture } from './testing/fixture.js';
import { Kernel } from './testing/kernel.js';
import type { Files } from './testing/repository.js';
import type { WatchedSource } from './testing/watched-source.js';
import type { View } from './view.js';

/** 60 directories of 5 files, two levels. */
const WIDE: Files = Object.fromEntries(
  Array.from({ length: 300 }, (_, i) => {
    const d = Math.floor(i / 5);
    return [`d${d % 6}/e${String(d).padStart(2, '0')}/f${i}`, `content ${i}\n`];
  }),
);
const DEEP: Files = {
  [`${Array.from({ length: 16 }, (_, i) => `l${i}`).join('/')}/leaf`]: 'leaf\n',
  ...Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`other${i}/x/y`, `${i}\n`])),
};

/**
 * A slow source, whatever the machine does: its answers come only when nobody has anything more to ask for.
 * Returns how many questions were on their way at a time.
 */
async function inRounds(
  source: WatchedSource,
  view: View,
  work: (kernel: Kernel) => Promise<unknown>,
): Promise<number> {
  let most = 0;
  let going = true;
  let open = (): void => undefined;
  const close = (): void => {
    source.gate = new Promise((resolve) => (open = resolve));
  };
  close();
  const done = work(new Kernel(view.fileSystem)).finally(() => (going = false));
  while (going) {
    for (let turn = 0; turn < 5; turn++) await setImmediate();
    const { coming } = view.stats();
    most = Math.max(most, coming);
    if (source.waiting === 0 || source.waiting < coming) continue;
    const release = open;
    close();
    release();
  }
  open();
  await done;
  return most;
}

/** A walk that pauses has to show itself again: here nobody pauses, however slow the machine is. */
beforeEach(() => {
  jest.spyOn(Date, 'now').mockReturnValue(Date.now());
});
afterEach(() => {
  jest.restoreAllMocks();
});

describe('asking ahead', () => {
  test('a walk of a source with levels needs few requests', async () => {
    await using fixture = await Fixture.start([WIDE]);
    const { view } = await fixture.view();
    await new Kernel(view.fileSystem).walk('/');
    expect(fixture.source.treeCalls.length).toBeLessThanOrEqual(6);
  });

  test('a walk of a plain source asks for every directory once, several at a time', async () => {
    await using fixture = await Fixture.start([WIDE], { plain: true });
    const { view } = await fixture.view();
    const most = await inRounds(fixture.source, view, (kernel) =>
      kernel.walk('/', () => Promise.resolve()),
    );
    expect(fixture.source.answered).toHaveLength(67);
    expect(new Set(fixture.source.answered).size).toBe(67);
    expect(most).toBeGreaterThanOrEqual(4);
    expect(most).toBeLessThanOrEqual(40);
    const sizes = fixture.source.sizeCalls.flat();
    expect(new Set(sizes).size).toBe(sizes.length);
    expect(sizes.length).toBe(300);
    expect(fixture.source.sizeCalls.length).toBeLessThan(70);
  });

  test('the way down to one file asks deeper each time, and for nothing beside it', async () => {
    await using fixture = await Fixture.start([DEEP]);
    const { view } = await fixture.view();
    const kernel = new Kernel(view.fileSystem);
    const path = Object.keys(DEEP)[0] ?? '';
    expect(String(await kernel.read(await kernel.node(`/${path}`)))).toBe('leaf\n');
    expect(fixture.source.treeCalls.length).toBeLessThanOrEqual(4);
    expect(fixture.source.answered.some((answered) => answered.startsWith('/other'))).toBe(false);
  });

  test('one directory alone asks for nothing ahead from a plain source', async () => {
    await using fixture = await Fixture.start([WIDE], { plain: true });
    const { view } = await fixture.view();
    const kernel = new Kernel(view.fileSystem);
    await kernel.list(await kernel.node('/d0'));
    await kernel.list(await kernel.node('/d0/e00'));
    expect(fixture.source.answered.toSorted()).toEqual(['/', '/d0', '/d0/e00']);
  });

  test('one file brings no other; a second one in its directory brings its siblings', async () => {
    await using fixture = await Fixture.start([WIDE]);
    const { view } = await fixture.view();
    const kernel = new Kernel(view.fileSystem);
    const files = [...(await kernel.list(await kernel.node('/d0/e00'))).values()];
    const [first, second, third] = files.map((entry) => entry?.node);
    if (!first || !second || !third) throw new Error('no files');
    await kernel.read(first);
    expect(fixture.store.contents.size).toBe(1);
    await kernel.read(second);
    expect(fixture.source.blobCalls.map((oids) => oids.length)).toEqual([1, 4]);
    expect(await fixture.callsOf(() => kernel.read(third))).toBe(0);
  });

  test('reading everything takes few requests, and each content once', async () => {
    await using fixture = await Fixture.start([WIDE]);
    const { view } = await fixture.view();
    const kernel = new Kernel(view.fileSystem);
    await kernel.walk('/', async (path, { node }) => {
      expect(String(await kernel.read(node))).toBe(`content ${path.split('f')[1]}\n`);
    });
    const asked = fixture.source.blobCalls.flat();
    expect(asked).toHaveLength(300);
    expect(new Set(asked).size).toBe(300);
    expect(fixture.source.blobCalls.length).toBeLessThan(25);
  });

  test('parts of one large file that are read at a time are no walk', async () => {
    const large = Buffer.alloc(600_000, 'large');
    await using fixture = await Fixture.start([{ 'd/large': large, 'd/other': 'other\n' }]);
    const { view } = await fixture.view();
    const kernel = new Kernel(view.fileSystem);
    const node = await kernel.node('/d/large');
    const parts = [0, 1, 2, 3, 4].map((i) => kernel.read(node, 131_072, i * 131_072));
    expect(Buffer.concat(await Promise.all(parts)).equals(large)).toBe(true);
    expect(fixture.source.blobCalls.map((oids) => oids.length)).toEqual([1]);
  });

  test('D13: what does not fit beside what is unread waits; the rest is not looked through for less', async () => {
    const files = Array.from({ length: 200 }, (_, i) =>
      Buffer.alloc(i === 0 ? 50_000 : 60_000, `file ${i} `),
    );
    await using fixture = await Fixture.start([
      Object.fromEntries(files.map((content, i) => [`d/f${String(i).padStart(3, '0')}`, content])),
    ]);
    const { view } = await fixture.view();
    const kernel = new Kernel(view.fileSystem);
    const nodes = await Promise.all(
      files.map((_, i) => kernel.node(`/d/f${String(i).padStart(3, '0')}`)),
    );
    const [first, second] = nodes;
    if (!first || !second) throw new Error('no files');
    const looks = jest.spyOn(fixture.store, 'hasContent');
    await kernel.read(first);
    await kernel.read(second);
    expect(fixture.source.blobCalls.map((oids) => oids.length)).toEqual([1, 8]);
    expect(looks.mock.calls.length).toBeLessThan(20);
    for (const [i, node] of nodes.entries())
      expect((await kernel.read(node)).equals(files[i] ?? Buffer.alloc(0))).toBe(true);
    const asked = fixture.source.blobCalls.flat();
    expect([asked.length, new Set(asked).size]).toEqual([200, 200]);
    expect(fixture.source.blobCalls.length).toBeLessThan(25);
  });
});
