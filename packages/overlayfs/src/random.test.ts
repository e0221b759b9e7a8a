import fs from 'node:fs';
import path from 'node:path';

import { afterAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { MemoryFs, type FileSystem } from '@scorpiofs/fuse';
import { PassthroughFs } from '@scorpiofs/passthroughfs';

import { DirectClient } from '@scorpiofs/fuse/testing';

import type { MarkForm, OverlayLayer } from './layers.js';
import { OverlayFs } from './overlay-fs.js';
import {
  apply,
  inodeNumbers,
  mounts,
  randomOps,
  snapshot,
  type RandomOp,
} from './testing/random-ops.js';
import { makeFolders, memoryUpper } from './testing/layers.js';
import { slowLayer } from './testing/slow-layer.js';

interface Stack {
  readonly overlay: OverlayFs;
  remount(): void;
  newLayer(): void;
  end(): void;
}

function memoryStack(base: MemoryFs, form: MarkForm): Stack {
  let lowers: OverlayLayer[] = [{ layer: base, form: 'none' }];
  let upper: OverlayLayer = { ...memoryUpper(), form };
  let overlay = new OverlayFs({ upper, lowers });
  const again = () => {
    overlay.destroy();
    overlay = new OverlayFs({ upper, lowers });
  };
  return {
    get overlay() {
      return overlay;
    },
    remount: again,
    newLayer() {
      const { layer, root } = upper;
      lowers = [{ layer, form, ...(root !== undefined && { root }) }, ...lowers];
      upper = { ...memoryUpper(), form };
      again();
    },
    end: () => overlay.destroy(),
  };
}

/** A longer search by hand: RANDOM_RUNS=100 multiplies. */
const runs = (usual: number) => usual * Number(process.env['RANDOM_RUNS'] ?? 1);

const place = fs.existsSync('/dev/shm') ? '/dev/shm' : undefined;
const made: string[] = [];
afterAll(() => {
  for (const dir of made) fs.rmSync(dir, { recursive: true });
});

/** Everything is opened anew at each remount: what was only in memory is lost. */
function diskStack(base: readonly RandomOp[], form: MarkForm): Stack & { fill(): Promise<void> } {
  const folders = makeFolders(1, place);
  made.push(folders.dir);
  const lowers = [...folders.lowers];
  let { upper } = folders;
  let open: { overlay: OverlayFs; layers: PassthroughFs[] } | undefined;
  const openAll = () => {
    const own = new PassthroughFs(upper);
    const layers = lowers.map((lower) => new PassthroughFs(lower, { readOnly: true }));
    const overlay = new OverlayFs({
      upper: { layer: own, work: own.attach(folders.work), form },
      lowers: layers.map((layer) => ({ layer, form })),
    });
    return { overlay, layers: [own, ...layers] };
  };
  const end = () => {
    open?.overlay.destroy();
    for (const layer of open?.layers ?? []) layer.destroy();
    open = undefined;
  };
  return {
    async fill() {
      const own = new PassthroughFs(lowers[0] ?? '');
      for (const op of base) await apply(own, op);
      own.destroy();
    },
    get overlay() {
      open ??= openAll();
      return open.overlay;
    },
    remount: end,
    newLayer() {
      end();
      lowers.unshift(upper);
      upper = path.join(folders.dir, `upper${lowers.length}`);
      fs.mkdirSync(upper);
    },
    end,
  };
}

async function follow(stack: Stack, model: FileSystem, ops: readonly RandomOp[]): Promise<void> {
  for (const [i, op] of ops.entries()) {
    if (op.kind === 'remount') {
      const before = await inodeNumbers(stack.overlay);
      stack.remount();
      expect(await inodeNumbers(stack.overlay)).toEqual(before);
    } else if (op.kind === 'newLayer') stack.newLayer();
    else expect([i, await apply(stack.overlay, op)]).toEqual([i, await apply(model, op)]);
  }
  expect(await snapshot(stack.overlay)).toEqual(await snapshot(model));
}

const base = (links: boolean) =>
  fc.array(fc.oneof(...randomOps(links)), { maxLength: 20, size: 'max' });

describe('random operations: the overlay is what a plain file system would be (issue 4 item 6)', () => {
  for (const form of ['kernel', 'oci'] as const) {
    test(`in memory, ${form} form, with remounts and new layers on top`, async () => {
      const changes = fc.array(
        fc.oneof(...randomOps(false).map((arbitrary) => ({ arbitrary, weight: 3 })), {
          arbitrary: mounts,
          weight: 4,
        }),
        { maxLength: 40, size: 'max' },
      );
      await fc.assert(
        fc.asyncProperty(base(false), changes, async (below, ops) => {
          const [lower, model] = [new MemoryFs(), new MemoryFs()];
          for (const op of below) {
            await apply(lower, op);
            await apply(model, op);
          }
          const stack = memoryStack(lower, form);
          await follow(stack, model, ops);
          stack.end();
        }),
        { numRuns: runs(50) },
      );
    });
  }

  test('in memory, with layers that answer later', async () => {
    const changes = fc.array(fc.oneof(...randomOps(true)), { maxLength: 30, size: 'max' });
    await fc.assert(
      fc.asyncProperty(base(true), changes, async (below, ops) => {
        const [lower, model] = [new MemoryFs(), new MemoryFs()];
        for (const op of below) {
          await apply(lower, op);
          await apply(model, op);
        }
        const upper = memoryUpper();
        const overlay = new OverlayFs({
          upper: { ...upper, layer: slowLayer(upper.layer) },
          lowers: [{ layer: slowLayer(lower) }],
        });
        const at = new DirectClient(overlay);
        for (const [i, op] of ops.entries())
          expect([i, await apply(overlay, op)]).toEqual([i, await apply(model, op)]);
        expect(await snapshot(overlay)).toEqual(await snapshot(model));
        expect(at.references).toBe(0);
        overlay.destroy();
      }),
      { numRuns: runs(50) },
    );
  });

  const linked = fc.array(
    fc.oneof(...randomOps(true).map((arbitrary) => ({ arbitrary, weight: 3 })), {
      arbitrary: fc.constant<RandomOp>({ kind: 'remount' }),
      weight: 4,
    }),
    { maxLength: 40, size: 'max' },
  );

  for (const form of ['kernel', 'oci'] as const)
    test(`OV-13: in memory, ${form} form, with hard links of lower and upper files and remounts`, async () => {
      await fc.assert(
        fc.asyncProperty(base(true), linked, async (below, ops) => {
          const [lower, model] = [new MemoryFs(), new MemoryFs()];
          for (const op of below) {
            await apply(lower, op);
            await apply(model, op);
          }
          const stack = memoryStack(lower, form);
          await follow(stack, model, ops);
          stack.end();
        }),
        { numRuns: runs(50) },
      );
    });

  const onDisk = process.getuid?.() === 0 ? test : test.skip;
  onDisk('on disk, remounted, new layers on top (needs root)', async () => {
    const changes = fc.array(
      fc.oneof(...randomOps(false).map((arbitrary) => ({ arbitrary, weight: 3 })), {
        arbitrary: mounts,
        weight: 4,
      }),
      { maxLength: 40, size: 'max' },
    );
    await fc.assert(
      fc.asyncProperty(base(false), changes, async (below, ops) => {
        const model = new MemoryFs();
        for (const op of below) await apply(model, op);
        const stack = diskStack(below, 'kernel');
        await stack.fill();
        try {
          await follow(stack, model, ops);
        } finally {
          stack.end();
        }
      }),
      { numRuns: runs(15) },
    );
  });

  onDisk('OV-13: on disk, remounted, with hard links (needs root)', async () => {
    await fc.assert(
      fc.asyncProperty(base(true), linked, async (below, ops) => {
        const model = new MemoryFs();
        for (const op of below) await apply(model, op);
        const stack = diskStack(below, 'kernel');
        await stack.fill();
        try {
          await follow(stack, model, ops);
        } finally {
          stack.end();
        }
      }),
      { numRuns: runs(15) },
    );
  });
});
