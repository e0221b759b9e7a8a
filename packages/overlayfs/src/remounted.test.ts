import fs from 'node:fs';

import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { MemoryFs } from '@scorpiofs/fuse';
import { canMount, leakCheck, MountedClient, serveInChild } from '@scorpiofs/fuse/testing';
import { PassthroughFs } from '@scorpiofs/passthroughfs';

import { makeFolders, type Folders } from './testing/layers.js';
import { apply, inodeNumbers, randomOps, snapshot, type RandomOp } from './testing/random-ops.js';

async function mounted<T>(
  folders: Folders,
  data: string,
  work: (view: MountedClient) => Promise<T>,
): Promise<T> {
  const served = await serveInChild({
    module: new URL('../dist/testing/served.js', import.meta.url).href,
    export: 'createDiskOverlay',
    // The least file is passed through too.
    args: [folders, 'kernel', data, 0],
    mountOptions: { transport: 'kernel', suid: true, dev: true },
  });
  try {
    return await work(new MountedClient(served.mountpoint));
  } finally {
    await served.stop();
  }
}

/** Spreads what the lowers hold: what is made last is in the topmost. */
async function fill(folders: Folders, model: MemoryFs, ops: readonly RandomOp[]): Promise<void> {
  const part = Math.ceil(ops.length / folders.lowers.length);
  for (const [i, dir] of [...folders.lowers].reverse().entries()) {
    const lower = new PassthroughFs(dir);
    // Parents are in each layer, and only what works in both is in either.
    for (const path of ['/a', '/b', '/c', '/a/b', '/c/a'])
      if ((await apply(lower, { kind: 'mkdir', path })) === 0 && i === 0)
        await apply(model, { kind: 'mkdir', path });
    for (const op of ops.slice(i * part, (i + 1) * part))
      if (op.kind === 'write' && (await apply(model, op)) === 0) await apply(lower, op);
    lower.destroy();
  }
}

/** An absolute link would lead out of the mount. */
function relative(op: RandomOp): RandomOp {
  return op.kind === 'symlink' ? { ...op, path: op.path.slice(1) } : op;
}

const mountTest = canMount() ? test : test.skip;

/** The kernel's caches are part of what is tested: nothing that it keeps may differ from what is there. */
mountTest.each(['by-node', 'passthrough'])(
  'OV-1, OV-6, OV-13: random operations on a mount, remounted in between, data %s (needs root, /dev/fuse)',
  async (data) => {
    const noLeaks = await leakCheck();
    const ops = (maxLength: number) =>
      fc.array(fc.oneof(...randomOps(true)).map(relative), {
        minLength: 10,
        maxLength,
        size: 'max',
      });
    await fc.assert(
      fc.asyncProperty(
        ops(60),
        fc.array(ops(80), { minLength: 2, maxLength: 3 }),
        async (below, turns) => {
          const folders = makeFolders(3);
          const model = new MemoryFs();
          try {
            await fill(folders, model, below);
            let numbers: Record<string, string> | undefined;
            for (const [i, turn] of turns.entries())
              numbers = await mounted(folders, data, async (view) => {
                if (numbers !== undefined) expect(await inodeNumbers(view)).toEqual(numbers);
                for (const [j, op] of turn.entries())
                  expect([i, j, op, await apply(view, op)]).toEqual([
                    i,
                    j,
                    op,
                    await apply(model, op),
                  ]);
                expect(await snapshot(view)).toEqual(await snapshot(model));
                return inodeNumbers(view);
              });
          } finally {
            fs.rmSync(folders.dir, { recursive: true });
          }
        },
      ),
      { numRuns: 2 * Number(process.env['RANDOM_RUNS'] ?? 1), endOnFailure: true },
    );
    await noLeaks();
  },
);
