import { expect, test } from '@jest/globals';
import { MemoryFs } from '../memory/memory-fs.js';
import { nameFromUtf8 } from '../name.js';
import { DirectClient } from '../testing/direct-client.js';
import { DirectRequest } from '../testing/direct-request.js';
import { countingFs } from '../testing/counting-fs.js';
import { nameOf, Tree } from './tree.js';

const req = new DirectRequest({ uid: 0, gid: 0 });

async function subject() {
  const memory = new MemoryFs();
  const client = new DirectClient(memory, { uid: 0, gid: 0 });
  await client.mkdir('a');
  await client.mkdir('a/b');
  await client.writeFile('a/b/f', 'x');
  await client.writeFile('a/b/g', 'x');
  const { fs, calls } = countingFs(memory);
  return { memory, client, calls, tree: new Tree(fs, 8) };
}

test('a path is looked up once and remembered', async () => {
  const { tree, calls, memory } = await subject();
  tree.release(await tree.hold(req, '/a/b/f'));
  tree.release(await tree.hold(req, '/a/b/g'));
  expect(calls.get('lookup')).toBe(4);
  expect(memory.use().lookups).toBe(4);
});

test('a dropped name gives back every reference below it, except what is in use', async () => {
  const { tree, memory, client } = await subject();
  tree.release(await tree.hold(req, '/a/b/g'));
  const open = await tree.hold(req, '/a/b/f');
  tree.drop(tree.root, nameFromUtf8('a'));
  expect(memory.use().lookups).toBe(1);
  await client.rename('a', 'z');
  expect((await tree.hold(req, '/z/b/f')).node).toBe(open.node);
  tree.release(open);
  await expect(tree.hold(req, '/a/b/f')).rejects.toMatchObject({ errno: 2 });
});

test('names looked up at the same moment share one reference', async () => {
  const { tree, memory } = await subject();
  const held = await Promise.all([1, 2, 3].map(() => tree.hold(req, '/a/b/f')));
  expect(memory.use().lookups).toBe(3);
  for (const dentry of held) tree.release(dentry);
  tree.dropAll();
  expect(memory.use().lookups).toBe(0);
  expect(tree.references).toBe(0);
});

test('no more names are kept than the limit', async () => {
  const { tree, client, memory } = await subject();
  for (let i = 0; i < 40; i++) {
    await client.writeFile(`n${i}`, '');
    tree.release(await tree.hold(req, `/n${i}`));
  }
  expect(memory.use().lookups).toBeLessThanOrEqual(9);
});

test('a name that is not UTF-8 is refused, for it could be any file', () => {
  expect(() => nameOf('a\ufffdb')).toThrow(expect.objectContaining({ errno: 84 }));
});
