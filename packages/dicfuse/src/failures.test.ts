import { describe, expect, test } from '@jest/globals';
import { SourceError, type Source, type TreeAnswer } from '@scorpiofs/objects';
import { setImmediate as turn } from 'node:timers/promises';
import { Fixture } from './testing/fixture.js';
import { Kernel } from './testing/kernel.js';
import type { Files } from './testing/repository.js';
import { unreachable } from './testing/watched-source.js';

const FILES: Files = {
  top: 'top\n',
  'a/1': 'one\n',
  'a/2': 'two\n',
  'a/sub/4': 'four\n',
  'b/5': 'five\n',
};

describe('failures', () => {
  test('fs: D-09, W-46, W-49: an unreachable source is EIO or ETIMEDOUT, never ENOENT, and nothing of it is kept', async () => {
    await using fixture = await Fixture.start([FILES], { plain: true });
    const { view } = await fixture.view();
    const kernel = new Kernel(view.fileSystem);
    const a = await kernel.node('/a');
    fixture.source.failure = unreachable();
    await expect(kernel.lookup(a, '1')).rejects.toMatchObject({ errno: 5 });
    await expect(kernel.lookup(a, 'no such name')).rejects.toMatchObject({ errno: 5 });
    fixture.source.failure = unreachable(true);
    await expect(kernel.list(a)).rejects.toMatchObject({ errno: 110 });
    fixture.source.failure = undefined;
    await kernel.list(a);
    fixture.source.failure = unreachable(true);
    await expect(kernel.lookup(a, '1')).rejects.toMatchObject({ errno: 110 });
    fixture.source.failure = undefined;
    expect((await kernel.lookup(a, '1'))?.attr.size).toBe(4);
    expect(await kernel.lookup(a, 'no such name')).toBeUndefined();
  });

  test('fs: D-20, D-22: a failed download is an error each time and then comes whole', async () => {
    await using fixture = await Fixture.start([FILES]);
    const { view } = await fixture.view();
    const kernel = new Kernel(view.fileSystem);
    const file = await kernel.node('/a/1');
    for (const [failure, errno] of [
      [unreachable(), 5],
      [unreachable(true), 110],
      [new SourceError('broken', 'status 500', { status: 500 }), 5],
      [new SourceError('refused', 'status 403', { status: 403 }), 5],
      [new SourceError('missing', 'status 404', { status: 404 }), 2],
    ] as const) {
      fixture.source.failure = failure;
      await expect(kernel.read(file)).rejects.toMatchObject({ errno });
    }
    fixture.source.failure = undefined;
    expect(String(await kernel.read(file))).toBe('one\n');
  });

  test('fs: D-27, W-43, D3: content that is not what its id says is never served, and the right one is, later', async () => {
    await using fixture = await Fixture.start([FILES]);
    const { view } = await fixture.view();
    const kernel = new Kernel(view.fileSystem);
    const file = await kernel.node('/a/1');
    fixture.server.faults.set([{ kind: 'corrupt', oid: await fixture.blobId('a/1') }]);
    await expect(kernel.read(file)).rejects.toMatchObject({ errno: 5 });
    await expect(kernel.read(file)).rejects.toMatchObject({ errno: 5 });
    fixture.server.faults.set([]);
    expect(String(await kernel.read(file))).toBe('one\n');
  });

  test('D6: a source that stops in the middle of a body gives an error, not a short file', async () => {
    const large = Buffer.alloc(3 * 1024 * 1024, 'large');
    await using fixture = await Fixture.start([{ large }]);
    const { view } = await fixture.view();
    const kernel = new Kernel(view.fileSystem);
    const file = await kernel.node('/large');
    fixture.server.faults.set([{ kind: 'truncate', bytes: 1_000_000, path: '/api/v1/file/blob' }]);
    await expect(kernel.read(file, 4096)).rejects.toMatchObject({ errno: 5 });
    fixture.server.faults.set([]);
    expect((await kernel.read(file, 4 << 20)).equals(large)).toBe(true);
  });

  test('D7: who waits can leave at once; the others get what they wait for', async () => {
    await using fixture = await Fixture.start([FILES]);
    const { view } = await fixture.view();
    const kernel = new Kernel(view.fileSystem);
    const file = await kernel.node('/a/1');
    let open = (): void => undefined;
    fixture.source.gate = new Promise((resolve) => (open = resolve));
    const controller = new AbortController();
    const first = kernel.read(file, 100, 0, controller.signal);
    const second = kernel.read(file);
    const [listing, gone] = [
      kernel.lookup(await kernel.node('/b'), '5', controller.signal),
      second,
    ];
    controller.abort();
    await expect(first).rejects.toMatchObject({ errno: 4 });
    await expect(listing).rejects.toMatchObject({ errno: 4 });
    open();
    expect(String(await gone)).toBe('one\n');
    expect(fixture.source.blobCalls).toHaveLength(1);
  });

  test('D7: a large download that nobody waits for any more is given up', async () => {
    const large = Buffer.alloc(3 * 1024 * 1024, 'large');
    await using fixture = await Fixture.start([{ large }]);
    const { view } = await fixture.view();
    const kernel = new Kernel(view.fileSystem);
    const file = await kernel.node('/large');
    fixture.server.faults.set([{ kind: 'delay', ms: 60_000, path: '/api/v1/file/blob' }]);
    const controller = new AbortController();
    const read = kernel.read(file, 100, 0, controller.signal);
    while (view.stats().coming === 0) await turn();
    expect(view.stats().coming).toBe(1);
    controller.abort();
    await expect(read).rejects.toMatchObject({ errno: 4 });
    while (view.stats().coming > 0) await turn();
    fixture.server.faults.set([]);
    expect((await kernel.read(file, 4 << 20)).equals(large)).toBe(true);
  });

  test('fs: D-26, W-45: with the server gone what is stored is served, also after a restart; the rest is an error', async () => {
    await using fixture = await Fixture.start([FILES]);
    const first = await fixture.view();
    const before = new Kernel(first.view.fileSystem);
    await before.read(await before.node('/a/1'));
    await first.view.close();
    fixture.source.failure = unreachable();
    const { view } = await fixture.view();
    const kernel = new Kernel(view.fileSystem);
    expect([...(await kernel.list(await kernel.node('/'))).keys()]).toEqual(['a', 'b', 'top']);
    expect(String(await kernel.read(await kernel.node('/a/1')))).toBe('one\n');
    await expect(kernel.read(await kernel.node('/a/2'))).rejects.toMatchObject({ errno: 5 });
    const b = await kernel.node('/b');
    await expect(kernel.list(b)).rejects.toMatchObject({ errno: 5 });
  });

  test('W-30: a top that cannot be listed is no view: a sentence and a hint', async () => {
    await using fixture = await Fixture.start([FILES]);
    await expect(fixture.view({ path: '/no/such' })).rejects.toMatchObject({
      code: 'DICFUSE_NO_DIRECTORY',
      message: expect.stringContaining('/no/such'),
      hint: expect.any(String),
    });
    fixture.source.failure = unreachable();
    await expect(fixture.view()).rejects.toMatchObject({
      code: 'DICFUSE_ROOT_UNAVAILABLE',
      hint: expect.any(String),
    });
    fixture.source.failure = undefined;
    await expect(fixture.view({ path: '/a/../b' })).rejects.toMatchObject({
      code: 'DICFUSE_NOT_POSSIBLE',
    });
  });

  test('names that no directory can have are left out; what is stated twice is shown once (mega: C10)', async () => {
    await using fixture = await Fixture.start([FILES]);
    const oid = await fixture.blobId('a/1');
    const source = answering(fixture.source, (answer) => {
      const names = ['', '.', '..', 'a/b', 'nul\0', 'x'.repeat(256), 'twice', 'twice'];
      const more = names.map((name) => ({ name: name as never, kind: 'file' as const, oid }));
      return { ...answer, entries: [...answer.entries, ...more] };
    });
    const told: unknown[] = [];
    const { view } = await fixture.view({
      source,
      onDropped: (path, dropped) => told.push([path, dropped.map(({ problem }) => problem)]),
    });
    const kernel = new Kernel(view.fileSystem);
    const names = [...(await kernel.list(await kernel.node('/'))).keys()];
    expect(names).toEqual(['a', 'b', 'top', 'twice']);
    expect(told).toContainEqual(['/', ['empty', 'dot', 'dot', 'slash', 'nul', 'duplicate']]);
  });

  test('fs: D-35, W-56: a listing that is empty and cannot be is an error, and is not kept', async () => {
    await using fixture = await Fixture.start([FILES]);
    let empty = true;
    const source = answering(fixture.source, (answer) =>
      empty && answer.path === '/a' ? { ...answer, entries: [], verified: false } : answer,
    );
    const { view } = await fixture.view({ source });
    const kernel = new Kernel(view.fileSystem);
    const a = await kernel.node('/a');
    await expect(kernel.list(a)).rejects.toMatchObject({ errno: 5 });
    empty = false;
    expect([...(await kernel.list(a)).keys()]).toEqual(['1', '2', 'sub']);
  });

  test('D6: a wrong size that the source told never cuts a content off: an error, then the right size', async () => {
    await using fixture = await Fixture.start([FILES]);
    const source = answering(fixture.source, (answer) => {
      const sizes = new Map([...(answer.sizes ?? [])].map(([oid, size]) => [oid, size - 1]));
      return { ...answer, sizes };
    });
    const { view } = await fixture.view({ source });
    const kernel = new Kernel(view.fileSystem);
    const file = await kernel.node('/a/1');
    expect((await kernel.attr(file)).size).toBe(3);
    await expect(kernel.read(file, 3)).rejects.toMatchObject({ errno: 5 });
    expect(kernel.heard).toEqual([{ kind: 'inode', node: file }]);
    expect((await kernel.attr(file)).size).toBe(4);
    expect(String(await kernel.read(file))).toBe('one\n');
    await view.close();
    const again = new Kernel((await fixture.view()).view.fileSystem);
    expect((await again.entry('/a/1'))?.attr.size).toBe(4);
  });

  test('fs: D-23, W-85: contents that are not served are refused, not empty, and not fetched', async () => {
    await using fixture = await Fixture.start([FILES]);
    const { view } = await fixture.view({ readable: false });
    const kernel = new Kernel(view.fileSystem);
    const file = await kernel.entry('/a/1');
    expect(file?.attr.size).toBe(4);
    await expect(file && kernel.read(file.node)).rejects.toMatchObject({ errno: 13 });
    expect(fixture.source.blobCalls).toEqual([]);
  });

  test('a symlink target that would mean another one to the kernel is an error', async () => {
    const link = (data: string) => ({ mode: '120000', data }) as const;
    await using fixture = await Fixture.start([
      { nul: link('to\0hidden'), long: link('x'.repeat(4096)), most: link('y'.repeat(4095)) },
    ]);
    const { client } = await fixture.view();
    await expect(client.readlink('/nul')).rejects.toMatchObject({ errno: 5 });
    await expect(client.readlink('/long')).rejects.toMatchObject({ errno: 36 });
    expect(await client.readlink('/most')).toHaveLength(4095);
  });
});

/** The same source, with other listings. */
function answering(source: Source, change: (answer: TreeAnswer) => TreeAnswer): Source {
  return new Proxy(source, {
    get(target, key) {
      if (key === 'trees')
        return async function* (...args: Parameters<Source['trees']>) {
          for await (const answer of target.trees(...args)) {
            const { path, oid, entries, verified, modesKnown, sizes } = answer;
            yield change({ path, oid, entries, verified, modesKnown, sizes });
          }
        };
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
}
