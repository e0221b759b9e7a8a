import fs from 'node:fs';
import os from 'node:os';

import { expect, test } from '@jest/globals';
import { canMount, leakCheck, MountedClient, serveInChild } from '@scorpiofs/fuse/testing';

import { makeFolders } from './testing/layers.js';

const EOPNOTSUPP = { errno: 95 };
const BLOCK = 4096;
/** `linux/magic.h`, `linux/falloc.h`. */
const EXT4 = 0xef53;
const KINDS = { COLLAPSE_RANGE: 8, INSERT_RANGE: 0x20 } as const;

const isExt4 = fs.statfsSync(os.tmpdir()).type === EXT4;
const ext4MountTest = canMount() && isExt4 ? test : test.skip;

const contents = Buffer.concat([1, 2, 3].map((byte) => Buffer.alloc(BLOCK, byte)));

async function shift(client: MountedClient, kind: number): Promise<void> {
  await client.writeFile('f', contents);
  const file = await client.open('f', fs.constants.O_RDWR);
  try {
    await file.allocate(kind, BLOCK, BLOCK);
  } finally {
    await file.close();
  }
}

for (const data of ['by-node', 'passthrough'] as const) {
  ext4MountTest(
    `OV-25: COLLAPSE_RANGE and INSERT_RANGE, which ext4 has, are refused and change nothing, data ${data} (needs root, /dev/fuse, ext4)`,
    async () => {
      const noLeaks = await leakCheck();
      const folders = makeFolders(1);
      try {
        const plain = new MountedClient(folders.dir);
        const served = await serveInChild({
          module: new URL('../dist/testing/served.js', import.meta.url).href,
          export: 'createDiskOverlay',
          args: [folders, 'kernel', data, 0],
          mountOptions: { transport: 'kernel' },
        });
        try {
          const mounted = new MountedClient(served.mountpoint);
          for (const kind of Object.values(KINDS)) {
            await shift(plain, kind);
            expect(await plain.readFile('f')).not.toEqual(contents);
            await expect(shift(mounted, kind)).rejects.toMatchObject(EOPNOTSUPP);
            expect(await mounted.readFile('f')).toEqual(contents);
          }
        } finally {
          await served.stop();
        }
      } finally {
        fs.rmSync(folders.dir, { recursive: true });
      }
      await noLeaks();
    },
  );
}
