import { execFileSync } from 'node:child_process';

import { afterAll, beforeAll, describe, test } from '@jest/globals';
import { DirectClient, runBehaviour } from '@scorpiofs/fuse/testing';

import { BOTH_WAYS, isRoot } from './driver.js';
import { PassthroughFs } from './passthrough-fs.js';
import { makeSource, skipsAt, tmpfs } from './source-folder.js';

const KERNEL_DOES_IT =
  'the kernel drops the bit before it asks (setattr_prepare): only it knows the supplementary groups';

/** Issue 4 item 6: the behavioural suite over a host directory, with nodes named by handle and by name. */
if (isRoot) {
  const place = tmpfs;
  for (const { handles } of BOTH_WAYS) {
    runBehaviour({ describe, test, beforeAll, afterAll }, `PassthroughFs (${handles})`, 'direct', {
      skips: { ...skipsAt(place), 'chmod: set-group-id of a foreign group': KERNEL_DOES_IT },
      create: async () => {
        const dir = makeSource(place);
        const passthrough = new PassthroughFs(dir, { handles });
        return {
          client: new DirectClient(passthrough),
          close: async () => {
            passthrough.destroy();
            execFileSync('rm', ['-rf', dir]);
          },
        };
      },
    });
  }
} else test.skip('the behavioural suite needs root: it acts for other users', () => undefined);
