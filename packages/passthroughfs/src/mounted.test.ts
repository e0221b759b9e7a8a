import { execFileSync } from 'node:child_process';
import os from 'node:os';

import { afterAll, beforeAll, describe, test } from '@jest/globals';
import {
  canMount,
  leakCheck,
  MountedClient,
  runBehaviour,
  serveInChild,
} from '@scorpiofs/fuse/testing';

import type { PassthroughOptions } from './options.js';
import { makeSource, skipsAt, tmpfs } from './source-folder.js';

interface Variant {
  readonly title: string;
  readonly place: string;
  readonly options: PassthroughOptions;
}

/** Issue 4 item 6, mounted: bulk data by the kernel and by us, nodes by handle and by name. */
const variants: readonly Variant[] = [
  { title: 'passthrough, by handle', place: os.tmpdir(), options: { maxDescriptors: 64 } },
  {
    title: 'plain, by name',
    place: tmpfs,
    options: { handles: 'never', maxDescriptors: 64, passthroughMinSize: 'never', exclusive: true },
  },
];

for (const { title, place, options } of canMount() ? variants : []) {
  runBehaviour({ describe, test, beforeAll, afterAll }, `PassthroughFs (${title})`, 'mounted', {
    skips: skipsAt(place),
    async create() {
      const noLeaks = await leakCheck();
      const dir = makeSource(place);
      const served = await serveInChild({
        module: new URL('../dist/served.js', import.meta.url).href,
        export: 'createPassthroughFs',
        args: [dir, options],
        mountOptions: { transport: 'kernel', allowOther: true, suid: true, dev: true },
      });
      return {
        client: new MountedClient(served.mountpoint),
        async close() {
          await served.stop();
          execFileSync('rm', ['-rf', dir]);
          await noLeaks();
        },
      };
    },
  });
}
if (!canMount()) test.skip('the suite on a mount needs root and /dev/fuse', () => undefined);
