import fs from 'node:fs';
import path from 'node:path';

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { canMount, DirectClient, serveInChild } from '@scorpiofs/fuse/testing';

import { diskOverlay, makeFolders, type Folders } from './testing/layers.js';

/** Issue 4, bad input: an upper that is in use by another live overlay. */
describe('an upper belongs to one overlay', () => {
  let folders: Folders;
  beforeEach(() => {
    folders = makeFolders(1);
  });
  afterEach(() => fs.rmSync(folders.dir, { recursive: true }));

  test('another one is refused, says who has it, and disturbs nothing', async () => {
    const first = diskOverlay(folders);
    const client = new DirectClient(first.overlay);
    await client.writeFile('/kept', 'kept');
    const refused = (what: string) => ({
      code: 'OVERLAY_IN_USE',
      message: `the ${what} is in use by another overlay (process ${process.pid})`,
      hint: expect.stringContaining('unmount'),
    });
    const other = path.join(folders.dir, 'other');
    fs.mkdirSync(other);
    expect(caught(() => diskOverlay(folders))).toMatchObject(refused('upper'));
    expect(caught(() => diskOverlay({ ...folders, upper: other }))).toMatchObject(
      refused('work directory'),
    );
    expect(caught(() => diskOverlay({ ...folders, work: other }))).toMatchObject(refused('upper'));
    expect(await client.text('/kept')).toBe('kept');
    first.end();
    // Also those that failed hold nothing.
    diskOverlay({ ...folders, upper: other }).end();
    diskOverlay(folders).end();
  });

  const mountTest = canMount() ? test : test.skip;
  mountTest('of another process too, until that ends, however it ends (needs root)', async () => {
    const served = await serveInChild({
      module: new URL('../dist/testing/served.js', import.meta.url).href,
      export: 'createDiskOverlay',
      args: [folders],
      mountOptions: { transport: 'kernel' },
    });
    try {
      expect(caught(() => diskOverlay(folders))).toMatchObject({
        message: `the upper is in use by another overlay (process ${served.pid})`,
      });
      await served.kill9();
      diskOverlay(folders).end();
    } finally {
      await served.stop().catch(() => undefined);
    }
  });
});

function caught(work: () => { readonly end: () => void }): unknown {
  try {
    work().end();
    return undefined;
  } catch (error) {
    return error;
  }
}
