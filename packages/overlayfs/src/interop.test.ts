import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';

import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { MemoryFs, type FileSystem } from '@scorpiofs/fuse';
import { DirectClient } from '@scorpiofs/fuse/testing';
import { PassthroughFs } from '@scorpiofs/passthroughfs';

import { diskOverlay, makeFolders, type Folders } from './testing/layers.js';
import { apply, randomOps, snapshot, type RandomOp } from './testing/random-ops.js';

const place = fs.existsSync('/dev/shm') ? '/dev/shm' : undefined;

/** As decision D11 mounts it, and with data left below. */
const PLAIN = 'redirect_dir=on,index=off,metacopy=off';
/** Names of a lower file stay one file. */
const INDEX = 'redirect_dir=on,index=on,metacopy=off';
const METACOPY = 'redirect_dir=on,index=off,metacopy=on';

/** The kernel's overlay of the folders. */
function kernelMount(folders: Folders, how = PLAIN): string {
  const mountpoint = path.join(folders.dir, 'mnt');
  fs.mkdirSync(mountpoint, { recursive: true });
  const { lowers, upper, work } = folders;
  const options = `lowerdir=${lowers.join(':')},upperdir=${upper},workdir=${work},${how}`;
  execFileSync('mount', ['-t', 'overlay', 'overlay', '-o', options, mountpoint], {
    timeout: 120_000,
    stdio: 'pipe',
  });
  return mountpoint;
}

async function byKernel<T>(
  folders: Folders,
  work: (view: PassthroughFs) => Promise<T>,
  how = PLAIN,
): Promise<T> {
  const mountpoint = kernelMount(folders, how);
  const view = new PassthroughFs(mountpoint);
  try {
    return await work(view);
  } finally {
    view.destroy();
    execFileSync('umount', [mountpoint], { timeout: 120_000 });
  }
}

async function byOurs<T>(
  folders: Folders,
  work: (view: ReturnType<typeof diskOverlay>['overlay']) => Promise<T>,
): Promise<T> {
  const { overlay, end } = diskOverlay(folders);
  try {
    return await work(overlay);
  } finally {
    end();
  }
}

function canUseKernel(): boolean {
  if (process.getuid?.() !== 0) return false;
  const folders = makeFolders(1, place);
  try {
    execFileSync('umount', [kernelMount(folders)]);
    return true;
  } catch {
    return false;
  } finally {
    fs.rmSync(folders.dir, { recursive: true });
  }
}

const kernelTest = canUseKernel() ? test : test.skip;

const base: readonly RandomOp[] = [
  { kind: 'mkdir', path: '/a' },
  { kind: 'mkdir', path: '/a/b' },
  { kind: 'write', path: '/a/b/c', text: 'deep' },
  { kind: 'write', path: '/b', text: 'b' },
  { kind: 'mkdir', path: '/c' },
  { kind: 'write', path: '/c/a', text: 'ca' },
];

describe('one upper, two engines (D11, O-04, issue 4 item 2; needs root and overlay in the kernel)', () => {
  kernelTest.each([
    ['', PLAIN, 1],
    [' (index=on, hard links)', INDEX, 1],
    [' (metacopy=on, one lower)', METACOPY, 1],
    [' (metacopy=on, three lowers)', METACOPY, 3],
  ])(
    'in turns, whatever is done: both show what a plain file system would%s',
    async (_t, how, lowers) => {
      const turn = fc.array(fc.oneof(...randomOps(how === INDEX)), { maxLength: 12, size: 'max' });
      await fc.assert(
        fc.asyncProperty(fc.array(turn, { minLength: 2, maxLength: 5 }), async (turns) => {
          const folders = makeFolders(lowers, place);
          const model = new MemoryFs();
          try {
            const lower = new PassthroughFs(folders.lowers.at(-1) ?? '');
            const links: RandomOp[] = ['/link', '/a/b/link'].map((to) => ({
              kind: 'link',
              path: '/b',
              to,
            }));
            for (const op of how === INDEX ? [...base, ...links] : base) {
              await apply(model, op);
              await apply(lower, op);
            }
            lower.destroy();
            for (const [i, ops] of turns.entries()) {
              const perform = async (view: FileSystem) => {
                for (const [j, op] of ops.entries())
                  expect([i, j, await apply(view, op)]).toEqual([i, j, await apply(model, op)]);
              };
              // The data that the kernel leaves below is found by us, whoever is first.
              if (i % 2 === (how === PLAIN ? 0 : 1)) await byOurs(folders, perform);
              else await byKernel(folders, perform, how);
              // A name that goes before the file is copied up is counted in a form of our own.
              const see = (view: FileSystem) => snapshot(view, how !== INDEX);
              const wanted = await see(model);
              expect([i, 'ours', await byOurs(folders, see)]).toEqual([i, 'ours', wanted]);
              expect([i, 'kernel', await byKernel(folders, see, how)]).toEqual([
                i,
                'kernel',
                wanted,
              ]);
            }
          } finally {
            fs.rmSync(folders.dir, { recursive: true });
          }
        }),
        { numRuns: (how === PLAIN ? 8 : 4) * Number(process.env['RANDOM_RUNS'] ?? 1) },
      );
    },
  );

  kernelTest(
    'OV-13: names of a lower file show its copy, whoever made it; count and number stay',
    async () => {
      for (const first of ['kernel', 'ours'] as const) {
        const folders = makeFolders(1, place);
        const [lower = ''] = folders.lowers;
        fs.writeFileSync(path.join(lower, 'one'), 'text');
        for (const name of ['two', 'three'])
          fs.linkSync(path.join(lower, 'one'), path.join(lower, name));
        const { ino } = fs.statSync(path.join(lower, 'one'), { bigint: true });
        const see = async (view: FileSystem) => {
          const client = new DirectClient(view, { uid: 0, gid: 0 });
          const seen: unknown[] = [];
          for (const name of await client.names('/')) {
            const attr = await client.stat(name);
            seen.push([name, await client.text(name), attr.nlink, attr.ino]);
          }
          return seen;
        };
        const change = async (view: FileSystem) => {
          await new DirectClient(view, { uid: 0, gid: 0 }).appendFile('/two', '+');
        };
        const remove = async (view: FileSystem) => {
          await new DirectClient(view, { uid: 0, gid: 0 }).unlink('/two');
          await new DirectClient(view, { uid: 0, gid: 0 }).rename('/three', '/four');
        };
        const [mine, other] = first === 'kernel' ? [viaKernel, byOurs] : [byOurs, viaKernel];
        try {
          await mine(folders, change);
          const after = ['one', 'three', 'two'].map((name) => [name, 'text+', 3, ino]);
          expect([first, await other(folders, see)]).toEqual([first, after]);
          expect([first, await mine(folders, see)]).toEqual([first, after]);
          await other(folders, remove);
          const left = ['four', 'one'].map((name) => [name, 'text+', 2, ino]);
          expect([first, await mine(folders, see)]).toEqual([first, left]);
          expect([first, await other(folders, see)]).toEqual([first, left]);
        } finally {
          fs.rmSync(folders.dir, { recursive: true });
        }
      }
    },
  );
});

function viaKernel<T>(folders: Folders, work: (view: FileSystem) => Promise<T>): Promise<T> {
  return byKernel(folders, work, INDEX);
}
