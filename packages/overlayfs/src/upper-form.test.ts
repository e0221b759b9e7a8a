import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { MemoryFs } from '@scorpiofs/fuse';
import { DirectClient } from '@scorpiofs/fuse/testing';
import { PassthroughFs } from '@scorpiofs/passthroughfs';

import { OverlayFs } from './overlay-fs.js';
import type { OverlayOptions } from './state.js';
import { makeFolders, type Folders } from './testing/layers.js';

const OTHER_PLACE = '/dev/shm';
const root = process.getuid?.() === 0;

/** OV-22 for who uses the library: nothing but the layers is said. */
describe('an upper as it can be used here', () => {
  let folders: Folders;
  let own: PassthroughFs;
  beforeEach(() => {
    folders = makeFolders(1);
    fs.writeFileSync(path.join(folders.dir, 'lower0', 'f'), 'f');
    own = new PassthroughFs(folders.upper);
  });
  afterEach(() => {
    own.destroy();
    fs.rmSync(folders.dir, { recursive: true });
  });

  function open(options: Partial<OverlayOptions> = {}): OverlayFs {
    const lower = new PassthroughFs(path.join(folders.dir, 'lower0'), { readOnly: true });
    return new OverlayFs({
      upper: { layer: own, work: own.attach(folders.work) },
      lowers: [{ layer: lower }],
      ...options,
    });
  }

  /** What an ordinary user is told (`host-marks.test.ts`), for root too. */
  function asAnswered(): PassthroughFs {
    const reason = 'trusted.* attributes are refused (EPERM)';
    return root ? Object.assign(own, { marks: () => ({ marks: 'oci', reason }) as const }) : own;
  }

  test('without the right to the kernel’s marks it takes the OCI form and says so once', async () => {
    const notes: string[] = [];
    const upper = { layer: asAnswered(), work: own.attach(folders.work) };
    const overlay = open({ upper, onNote: (note) => notes.push(note) });
    try {
      expect(notes).toEqual([expect.stringMatching(/are refused.*\.wh\. files/)]);
      await new DirectClient(overlay).unlink('/f');
      expect(fs.readdirSync(folders.upper)).toEqual(['.wh.f']);
      expect(fs.readdirSync(folders.work).filter((name) => name.startsWith('#'))).toEqual([]);
    } finally {
      overlay.destroy();
    }
  });

  test('a form that was asked for is not tried', () => {
    const notes: string[] = [];
    const upper = { layer: asAnswered(), work: own.attach(folders.work), form: 'kernel' as const };
    const overlay = open({ upper, onNote: (note) => notes.push(note) });
    overlay.destroy();
    expect(notes).toEqual([]);
  });

  (root ? test : test.skip)('with the right it is the kernel’s form (needs root)', async () => {
    const notes: string[] = [];
    const overlay = open({ onNote: (note) => notes.push(note) });
    await new DirectClient(overlay).unlink('/f');
    overlay.destroy();
    expect(notes).toEqual([]);
    const whiteout = fs.lstatSync(path.join(folders.upper, 'f'));
    expect([whiteout.isCharacterDevice(), whiteout.rdev]).toEqual([true, 0]);
  });

  test('where nothing can be written it is refused, and nothing is changed', () => {
    const layer = new MemoryFs();
    const stuck = Object.assign(layer, {
      marks: () => ({ marks: 'none', reason: 'EROFS' }) as const,
    });
    const upper = { layer: stuck, work: 2 as ReturnType<PassthroughFs['attach']> };
    expect(() => open({ upper })).toThrow(
      expect.objectContaining({
        code: 'OVERLAY_NOT_WRITABLE',
        message: expect.stringContaining('EROFS'),
      }),
    );
  });

  const another =
    deviceOf(OTHER_PLACE) !== undefined && deviceOf(OTHER_PLACE) !== deviceOf(os.tmpdir());
  (another ? test : test.skip)(
    'a work directory on another file system is refused (needs a second one)',
    () => {
      const work = fs.mkdtempSync(path.join(OTHER_PLACE, 'overlay-'));
      try {
        expect(() => open({ upper: { layer: own, work: own.attach(work) } })).toThrow(
          expect.objectContaining({ code: 'OVERLAY_WORK_ELSEWHERE' }),
        );
        expect(fs.readdirSync(work)).toEqual([]);
      } finally {
        fs.rmSync(work, { recursive: true });
      }
    },
  );
});

function deviceOf(directory: string): number | undefined {
  return fs.statSync(directory, { throwIfNoEntry: false })?.dev;
}
