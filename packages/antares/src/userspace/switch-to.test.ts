import { expect, test } from '@jest/globals';
import {
  MemoryFs,
  nameFromUtf8,
  ROOT_NODE,
  type Entry,
  type Layer,
  type NodeId,
} from '@scorpiofs/fuse';
import { DirectClient } from '@scorpiofs/fuse/testing';
import { Lower } from './lower.js';
import { SwitchLayer } from './switch-layer.js';
import { switchTo } from './switch-to.js';

const { signal } = new AbortController();
const REQ = { uid: 0, gid: 0, pid: 1, interrupted: false, signal };

/** Two revisions side by side: what is the same in both is one file, as in the base. */
async function revisions() {
  const memory = new MemoryFs();
  const client = new DirectClient(memory);
  for (const top of ['/one', '/two']) {
    await client.mkdir(top);
    await client.mkdir(`${top}/d`);
  }
  await client.writeFile('/one/same', 'same');
  await client.link('/one/same', '/two/same');
  await client.writeFile('/one/d/changed', 'old');
  await client.writeFile('/two/d/changed', 'new');
  await client.mkdir('/one/gone');
  await client.writeFile('/one/gone/file', 'there');
  await client.writeFile('/two/d/added', 'added');
  await client.writeFile('/one/d/unseen', 'nobody looks at it');
  const released: string[] = [];
  const faults: { wait?: Promise<void>; fail?: Error } = {};
  const layer: Layer = {
    lookup: (req, parent, name) =>
      faults.wait === undefined
        ? memory.lookup(req, parent, name)
        : faults.wait.then(() => memory.lookup(req, parent, name)),
    forget: (node, count) => memory.forget(node, count),
    read: (...args) => memory.read(...args),
    readdir: (...args) => {
      if (faults.fail !== undefined) throw faults.fail;
      return memory.readdir(...args);
    },
  };
  const lower = (top: string): Lower => {
    const found = memory.lookup(REQ, ROOT_NODE, nameFromUtf8(top)) as Entry;
    return new Lower({
      lowers: [{ layer, root: found.node, form: 'none' }],
      release: () => {
        memory.forget(found.node, 1);
        released.push(top);
      },
    });
  };
  return { faults, released, one: lower('one'), two: lower('two') };
}

async function find(layer: SwitchLayer, ...names: string[]): Promise<NodeId> {
  let node = ROOT_NODE;
  for (const name of names) {
    const found = await layer.lookup(REQ, node, nameFromUtf8(name));
    if (found.node === 0) throw new Error(`no ${name}`);
    node = found.node;
  }
  return node;
}

async function text(layer: SwitchLayer, node: NodeId): Promise<string> {
  const into = Buffer.alloc(100);
  return into.subarray(0, await layer.read(REQ, node, 0 as never, 0, into, 0)).toString();
}

test('D2, D4: exactly the names that changed are told, directories and unchanged files stay what they were', async () => {
  const { one, two, released } = await revisions();
  const layer = new SwitchLayer(one);
  const [same, d, changed, gone, file] = [
    await find(layer, 'same'),
    await find(layer, 'd'),
    await find(layer, 'd', 'changed'),
    await find(layer, 'gone'),
    await find(layer, 'gone', 'file'),
  ];
  const told: [NodeId, string | undefined][] = [];
  layer.onChange((node, name) => told.push([node, name]));
  await switchTo(layer, two);
  expect(told.sort(([, a], [, b]) => ((a ?? '') < (b ?? '') ? -1 : 1))).toEqual([
    [d, 'added'],
    [d, 'changed'],
    [ROOT_NODE, 'gone'],
  ]);
  expect([await find(layer, 'same'), await find(layer, 'd')]).toEqual([same, d]);
  const now = await find(layer, 'd', 'changed');
  expect(now).not.toBe(changed);
  expect([await text(layer, changed), await text(layer, now)]).toEqual(['old', 'new']);
  expect(await text(layer, file)).toBe('there');
  expect(await layer.lookup(REQ, gone, nameFromUtf8('file'))).toMatchObject({ node: 0 });
  expect(released).toEqual([]);
  // `same` and `d` were looked up twice, `d` once more on the way to each of its files.
  layer.forget(changed, 1);
  layer.forget(file, 1);
  layer.forget(gone, 2);
  expect(released).toEqual(['one']);
  await one.free;
  layer.forget(now, 1);
  layer.forget(same, 2);
  layer.forget(d, 4);
  expect(layer.known).toBe(1);
  two.release();
});

test('a lookup that began in the old tree ends before the new one shows, and a failure leaves the old one', async () => {
  const { one, two, faults } = await revisions();
  const layer = new SwitchLayer(one);
  await find(layer, 'd');
  faults.fail = new Error('the server is gone');
  await expect(switchTo(layer, two)).rejects.toThrow('the server is gone');
  delete faults.fail;
  expect(layer.current).toBe(one);
  expect(await text(layer, await find(layer, 'd', 'changed'))).toBe('old');
  let answer = (): void => undefined;
  faults.wait = new Promise((resolve) => (answer = resolve));
  const early = find(layer, 'd');
  delete faults.wait;
  let done = false;
  const switching = switchTo(layer, two).then(() => (done = true));
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(done).toBe(false);
  // One that comes meanwhile waits, and finds the new tree.
  const late = find(layer, 'd', 'added');
  answer();
  await switching;
  expect(await early).toBe(await find(layer, 'd'));
  expect(await text(layer, await late)).toBe('added');
  expect(await text(layer, await find(layer, 'd', 'changed'))).toBe('new');
});
