import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { NodeId } from '@scorpiofs/fuse';
import { Fixture } from './testing/fixture.js';
import { Kernel } from './testing/kernel.js';
import type { Files } from './testing/repository.js';
import { unreachable } from './testing/watched-source.js';

const ONE: Files = {
  'same/x': 'x\n',
  'same/deep/y': 'y\n',
  'dir/changed': 'before\n',
  'dir/gone': 'gone\n',
  'dir/kept': 'kept\n',
  'dir/sub/leaf': 'leaf\n',
  'lost/a/b': 'b\n',
  'unseen/z': 'z\n',
  becomes: 'a file\n',
};
const TWO: Files = {
  'dir/changed': 'after!\n',
  'dir/gone': null,
  'dir/new': 'new\n',
  'lost/a/b': null,
  'unseen/z': 'zz\n',
  becomes: null,
  'becomes/dir': 'a directory\n',
};

async function content(kernel: Kernel, path: string): Promise<string> {
  return String(await kernel.read(await kernel.node(path)));
}

async function all(kernel: Kernel): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  await kernel.walk('/', async (path, { node }) => {
    found.set(path, String(await kernel.read(node)));
  });
  return found;
}

describe('moving a view to another revision', () => {
  test('D2, fs: D-06 (as D2 has it): shows the other revision, and tells the kernel exactly what differs', async () => {
    await using fixture = await Fixture.start([ONE, TWO]);
    const { view } = await fixture.view({ revision: fixture.revision(0) });
    const kernel = new Kernel(view.fileSystem);
    const [root, dir, same] = [
      await kernel.node('/'),
      await kernel.node('/dir'),
      await kernel.node('/same'),
    ];
    for (const path of ['/', '/dir', '/same', '/same/deep', '/lost', '/lost/a'])
      await kernel.list(await kernel.node(path));
    const unseen = await kernel.node('/unseen');
    const kept = await kernel.entry('/dir/kept');
    const result = await view.moveTo(fixture.revision(1));
    expect(view.revision).toEqual(fixture.revision(1));

    const told = kernel.heard.map(
      ({ node, name }) => `${node}${name === undefined ? '' : `/${name}`}`,
    );
    expect(told.toSorted()).toEqual(
      [
        // Listings and attributes of what differs, and of what is known by name only.
        `${root}`,
        `${dir}`,
        `${unseen}`,
        `${root}/becomes`,
        `${root}/lost`,
        `${dir}/changed`,
        `${dir}/gone`,
        `${dir}/new`,
      ].toSorted(),
    );
    expect(result).toMatchObject({ directories: 3, names: 5 });
    expect(await kernel.node('/dir')).toBe(dir);
    expect(await kernel.node('/same')).toBe(same);
    expect(await kernel.entry('/dir/kept')).toEqual(kept);
    expect(await content(kernel, '/dir/changed')).toBe('after!\n');
    expect(await content(kernel, '/dir/new')).toBe('new\n');
    expect(await content(kernel, '/unseen/z')).toBe('zz\n');
    expect(await content(kernel, '/becomes/dir')).toBe('a directory\n');
    for (const path of ['/dir/gone', '/lost', '/lost/a/b'])
      expect(await kernel.entry(path)).toBeUndefined();
  });

  test('D2, mega: C12, W-48, W-55: only what differs is asked for', async () => {
    await using fixture = await Fixture.start([ONE, TWO], { plain: true });
    const { view } = await fixture.view({ revision: fixture.revision(0) });
    const kernel = new Kernel(view.fileSystem);
    await all(kernel);
    fixture.source.answered.length = 0;
    await view.moveTo(fixture.revision(1));
    expect(fixture.source.answered.toSorted()).toEqual(['/', '/dir', '/unseen']);
    expect(await fixture.callsOf(() => kernel.list(kernel.heard[0]?.node as NodeId))).toBe(0);
  });

  test('fs: D-07, W-42: a name that goes and comes back works, and its directory stays listable', async () => {
    const back: Files = { 'dir/gone': 'back\n', 'lost/a/b': 'back\n' };
    await using fixture = await Fixture.start([ONE, TWO, back]);
    const { view } = await fixture.view({ revision: fixture.revision(0) });
    const kernel = new Kernel(view.fileSystem);
    const names = async (path: string) => [...(await kernel.list(await kernel.node(path))).keys()];
    const before = await names('/dir');
    await all(kernel);
    await view.moveTo(fixture.revision(1));
    expect(await kernel.entry('/dir/gone')).toBeUndefined();
    await view.moveTo(fixture.revision(2));
    expect(await content(kernel, '/dir/gone')).toBe('back\n');
    expect(await content(kernel, '/lost/a/b')).toBe('back\n');
    expect((await names('/dir')).toSorted()).toEqual([...before, 'new'].toSorted());
  });

  test('who has a file open goes on reading the old content; who stands in a lost directory sees what was there', async () => {
    await using fixture = await Fixture.start([ONE, TWO]);
    const { view } = await fixture.view({ revision: fixture.revision(0) });
    const kernel = new Kernel(view.fileSystem);
    const changed = await kernel.node('/dir/changed');
    const gone = await kernel.node('/dir/gone');
    const lost = await kernel.node('/lost/a');
    const b = await kernel.node('/lost/a/b');
    await view.moveTo(fixture.revision(1));
    expect(await kernel.node('/dir/changed')).not.toBe(changed);
    expect(String(await kernel.read(changed))).toBe('before\n');
    expect((await kernel.attr(changed)).size).toBe(7);
    expect(String(await kernel.read(gone))).toBe('gone\n');
    expect(String(await kernel.read(b))).toBe('b\n');
    expect([...(await kernel.list(lost)).keys()]).toEqual(['b']);
    expect((await kernel.lookup(lost, 'b'))?.node).toBe(b);
  });

  test('a listing that was begun before the move ends with what it began with', async () => {
    const names = Array.from({ length: 40 }, (_, i) => `f${String(i).padStart(2, '0')}`);
    const one: Files = Object.fromEntries(names.map((name) => [`d/${name}`, 'x\n']));
    await using fixture = await Fixture.start([one, { 'd/a': 'first\n', 'd/f30': null }]);
    const { view } = await fixture.view({ revision: fixture.revision(0) });
    const kernel = new Kernel(view.fileSystem);
    const node = await kernel.node('/d');
    const seen: string[] = [];
    let offset = 0;
    const page = async (room: number) => {
      const take = (name: string, next: number): boolean => {
        if (room-- <= 0) return false;
        if (!name.startsWith('.')) seen.push(name);
        offset = next;
        return true;
      };
      await view.fileSystem.readdir?.(kernel.request(), node, kernel.fh, offset, {
        plus: true,
        add: (name, _ino, _type, next) => take(name, next),
        addEntry: (name, _entry, next) => take(name, next),
      });
    };
    await page(20);
    await view.moveTo(fixture.revision(1));
    await page(100);
    expect(seen).toEqual(names);
    expect([...(await kernel.list(node)).keys()]).toEqual(
      ['a', ...names].filter((name) => name !== 'f30'),
    );
  });

  test('design §7: the time changes with the content and only then, and going back is a change too', async () => {
    await using fixture = await Fixture.start([ONE, TWO]);
    const { view } = await fixture.view({ revision: fixture.revision(0) });
    const kernel = new Kernel(view.fileSystem);
    await all(kernel);
    const time = async (path: string) => (await kernel.entry(path))?.attr.mtimeNs ?? 0n;
    const paths = ['/same', '/same/x', '/dir/kept', '/dir/sub', '/dir/sub/leaf'];
    const before = await Promise.all(paths.map(time));
    const times = [await time('/dir/changed')];
    const directory = [await time('/dir')];
    for (const index of [1, 0, 1]) {
      await view.moveTo(fixture.revision(index));
      times.push(await time('/dir/changed'));
      directory.push(await time('/dir'));
      expect(await Promise.all(paths.map(time))).toEqual(before);
    }
    for (const list of [times, directory])
      for (let i = 1; i < list.length; i++) expect(list[i]).toBeGreaterThan(list[i - 1] ?? 0n);
    // And it is the same after a restart.
    await view.close();
    const again = new Kernel((await fixture.view()).view.fileSystem);
    expect((await again.entry('/dir/changed'))?.attr.mtimeNs).toBe(times.at(-1));
  });

  test('a move that fails moves nothing', async () => {
    await using fixture = await Fixture.start([ONE, TWO]);
    const { view } = await fixture.view({ revision: fixture.revision(0) });
    const kernel = new Kernel(view.fileSystem);
    const before = await all(kernel);
    fixture.source.failure = unreachable();
    await expect(view.moveTo(fixture.revision(1))).rejects.toMatchObject({
      code: 'DICFUSE_ROOT_UNAVAILABLE',
    });
    expect(kernel.heard).toEqual([]);
    expect(view.revision).toEqual(fixture.revision(0));
    expect(await all(kernel)).toEqual(before);
    fixture.source.failure = undefined;
    await view.moveTo(fixture.revision(1));
    expect(await content(kernel, '/dir/changed')).toBe('after!\n');
  });

  test('W-42: deleted and added again: the parent is listed, the name is another file', async () => {
    await using fixture = await Fixture.start([
      { 'd/a/x': '1\n', 'd/b': 'b\n' },
      { 'd/a/x': null },
      { 'd/a/x': '2\n' },
    ]);
    const { view } = await fixture.view({ revision: fixture.revision(0) });
    const kernel = new Kernel(view.fileSystem);
    const first = await kernel.node('/d/a');
    await kernel.list(first);
    await view.moveTo(fixture.revision(1));
    await view.moveTo(fixture.revision(2));
    expect([...(await kernel.list(await kernel.node('/d'))).keys()]).toEqual(['a', 'b']);
    expect(await content(kernel, '/d/a/x')).toBe('2\n');
    expect(await kernel.node('/d/a')).not.toBe(first);
  });

  test('after any moves the tree is that of the revision, and what was dropped is all that was cached wrong', async () => {
    const name = fc.constantFrom('a', 'b', 'a/x', 'b/y', 'c/d/e', 'c/d/f', 'c/g');
    const step = fc.dictionary(name, fc.constantFrom('1', '22', '333', null), { minKeys: 1 });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 2, maxLength: 4 }), async (steps) => {
        const commits = [{ base: 'base\n' }, ...steps.map(consistent)];
        await using fixture = await Fixture.start(commits);
        const { view } = await fixture.view({ revision: fixture.revision(0) });
        const kernel = new Kernel(view.fileSystem);
        // What the kernel would hold: names by directory, dropped when it is told to.
        const cache = new Map<string, NodeId>();
        for (const commit of fixture.repo.commits) {
          kernel.heard.length = 0;
          await view.moveTo({ commit });
          for (const { node, name: dropped } of kernel.heard)
            if (dropped !== undefined) cache.delete(`${node}/${dropped}`);
          const listed = await fixture.repo.git('ls-tree', '-r', '-z', '--name-only', commit);
          const files = listed.toString().split('\0').filter(Boolean).toSorted();
          const found = await all(kernel);
          expect([...found.keys()].map((path) => path.slice(1)).toSorted()).toEqual(files);
          for (const path of await kernel.walk('/')) {
            const slash = path.lastIndexOf('/');
            const [parent, child] = [
              await kernel.node(path.slice(0, slash) || '/'),
              path.slice(slash + 1),
            ];
            const node = await kernel.node(path);
            expect([path, cache.get(`${parent}/${child}`) ?? node]).toEqual([path, node]);
            cache.set(`${parent}/${child}`, node);
          }
        }
      }),
      { numRuns: 8 },
    );
  });
});

/** Git cannot have a file and a directory of one name: what comes later wins. */
function consistent(step: Record<string, string | null>): Files {
  const files: Record<string, string | null> = {};
  for (const [path, data] of Object.entries(step)) {
    for (const other of Object.keys(files))
      if (other.startsWith(`${path}/`) || path.startsWith(`${other}/`)) delete files[other];
    files[path] = data;
  }
  return files;
}
