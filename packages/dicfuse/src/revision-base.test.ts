import { describe, expect, test } from '@jest/globals';
import { ROOT_NODE } from '@scorpiofs/fuse';
import type { Oid } from '@scorpiofs/objects';
import { Fixture } from './testing/fixture.js';
import { Kernel } from './testing/kernel.js';
import type { Files } from './testing/repository.js';
import { unreachable } from './testing/watched-source.js';

const ONE: Files = { 'a/1': 'one\n', 'a/2': 'two\n', 'b/3': 'three\n' };
const TWO: Files = { 'a/1': 'other\n' };

describe('revisions side by side', () => {
  test('D11: each shows its own tree below its commit id', async () => {
    await using fixture = await Fixture.start([ONE, TWO]);
    const { base, client } = fixture.revisions();
    const [one, two] = [fixture.revision(0), fixture.revision(1)];
    expect(await client.list('/')).toEqual([]);
    expect(await base.addRevision(one)).toBe(one.commit);
    await base.addRevision(two);
    await base.addRevision(two);
    expect((await client.list('/')).map(({ name }) => String(name))).toEqual([
      one.commit,
      two.commit,
    ]);
    expect(await client.text(`/${one.commit}/a/1`)).toBe('one\n');
    expect(await client.text(`/${two.commit}/a/1`)).toBe('other\n');
    expect(await client.text(`/${one.commit}/b/3`)).toBe('three\n');
    await expect(client.stat('/0000000000000000000000000000000000000000')).rejects.toMatchObject({
      errno: 2,
    });
  });

  test('D3: what is the same is fetched once and has one node; directories have one for each revision', async () => {
    await using fixture = await Fixture.start([ONE, TWO], { plain: true });
    const { base } = fixture.revisions();
    const kernel = new Kernel(base.fileSystem);
    const [one, two] = [fixture.revision(0).commit, fixture.revision(1).commit];
    for (const commit of [one, two]) await base.addRevision({ commit });
    const [b1, f1] = [await kernel.entry(`/${one}/b`), await kernel.entry(`/${one}/b/3`)];
    const calls = await fixture.callsOf(async () => {
      const [b2, f2] = [await kernel.entry(`/${two}/b`), await kernel.entry(`/${two}/b/3`)];
      expect(b2?.node).not.toBe(b1?.node);
      expect(b2?.attr.ino).not.toBe(b1?.attr.ino);
      expect(f2).toEqual(f1);
    });
    expect(calls).toBe(0);
    const [x, y] = [await kernel.entry(`/${one}/a/1`), await kernel.entry(`/${two}/a/1`)];
    expect(x?.node).not.toBe(y?.node);
    expect(y?.attr.mtimeNs).toBeGreaterThan(x?.attr.mtimeNs ?? 0n);
    const [p, q] = [await kernel.entry(`/${one}/a/2`), await kernel.entry(`/${two}/a/2`)];
    expect(q).toEqual(p);
    expect((f1?.attr.ino ?? 0n) < 1n << 62n).toBe(true);
  });

  test('D5: every node is the same after a restart, found by handle once its revision is there again', async () => {
    await using fixture = await Fixture.start([ONE, TWO]);
    const commits = [fixture.revision(0).commit, fixture.revision(1).commit];
    const see = async (order: readonly Oid[]) => {
      const { base } = fixture.revisions();
      const kernel = new Kernel(base.fileSystem);
      for (const commit of order) await base.addRevision({ commit });
      const nodes = new Map<string, number>();
      await kernel.walk('/', (path, { node }) => Promise.resolve(void nodes.set(path, node)));
      for (const path of nodes.keys()) {
        const above = path.slice(0, path.lastIndexOf('/'));
        if (above !== '') nodes.set(above, await kernel.node(above));
      }
      await base.close();
      return nodes;
    };
    const before = await see(commits);
    expect(await see(commits.toReversed())).toEqual(before);
    const { base } = fixture.revisions();
    const kernel = new Kernel(base.fileSystem);
    expect(before.size).toBe(12);
    const a = before.get(`/${commits[1]}/a`) as typeof ROOT_NODE;
    await expect(kernel.lookup(a, '.')).rejects.toMatchObject({ errno: 116 });
    for (const commit of commits) await base.addRevision({ commit });
    for (const node of before.values())
      expect((await kernel.lookup(node as typeof ROOT_NODE, '.'))?.node).toBe(node);
    expect((await kernel.lookup(a, '..'))?.node).toBe(before.get(`/${commits[1]}`));
  });

  test('adding and removing tell the kernel; a removed one is gone', async () => {
    await using fixture = await Fixture.start([ONE, TWO]);
    const { base } = fixture.revisions();
    const kernel = new Kernel(base.fileSystem);
    const { commit } = fixture.revision(0);
    await base.addRevision({ commit });
    expect(kernel.heard).toEqual([{ kind: 'inode', node: ROOT_NODE }]);
    const a = await kernel.node(`/${commit}/a`);
    await base.removeRevision(commit);
    expect(kernel.heard.slice(1)).toEqual([
      { kind: 'entry', node: ROOT_NODE, name: commit },
      { kind: 'inode', node: ROOT_NODE },
    ]);
    expect(await kernel.lookup(ROOT_NODE, commit)).toBeUndefined();
    await expect(kernel.list(a)).rejects.toMatchObject({ errno: 116 });
    await base.addRevision({ commit });
    expect(await kernel.node(`/${commit}/a`)).toBe(a);
    expect(base.stats().revisions).toBe(1);
  });

  test('W-30: a revision that cannot be had is not there, and can be added later', async () => {
    await using fixture = await Fixture.start([ONE]);
    const { base, client } = fixture.revisions();
    fixture.source.failure = unreachable();
    await expect(base.addRevision(fixture.revision())).rejects.toMatchObject({
      code: 'DICFUSE_ROOT_UNAVAILABLE',
    });
    expect(await client.list('/')).toEqual([]);
    fixture.source.failure = undefined;
    await base.addRevision(fixture.revision());
    expect(await client.list('/')).toHaveLength(1);
  });
});
