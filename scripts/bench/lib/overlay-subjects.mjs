import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

import { serveInChild } from '../../../packages/fuse/dist/testing/index.js';

/** Who is measured: each gets a folder with the lower layer in `base`, and gives the directory to work in and what ends it. */
export function makeSubjects() {
  const subjects = {
    async ext4(dir) {
      return { root: join(dir, 'base'), end: () => undefined };
    },
    async 'kernel overlay'(dir) {
      const { upper, work, lowers } = folders(dir);
      const options = `lowerdir=${lowers[0]},upperdir=${upper},workdir=${work},redirect_dir=on,xino=on,index=off`;
      return mounted(dir, (root) =>
        execFileSync('mount', ['-t', 'overlay', 'overlay', '-o', options, root]),
      );
    },
    async 'fuse-overlayfs'(dir) {
      const { upper, work, lowers } = folders(dir);
      const options = `lowerdir=${lowers[0]},upperdir=${upper},workdir=${work}`;
      return mounted(dir, (root) =>
        execFileSync('fuse-overlayfs', ['-o', options, root], { stdio: 'ignore' }),
      );
    },
    async bindfs(dir) {
      return mounted(dir, (root) => execFileSync('bindfs', [join(dir, 'base'), root]));
    },
    'by-node': (dir) => ours(dir, 'by-node'),
    passthrough: (dir) => ours(dir, 'passthrough'),
  };
  for (const peer of ['fuse-overlayfs', 'bindfs'])
    if (spawnSync(peer, ['--version']).error !== undefined) {
      console.log(`${peer} is not installed: its column is missing`);
      delete subjects[peer];
    }
  return subjects;
}

function folders(dir) {
  const made = { dir, upper: join(dir, 'upper'), work: join(dir, 'work') };
  for (const path of [made.upper, made.work]) mkdirSync(path);
  return { ...made, lowers: [join(dir, 'base')] };
}

function mounted(dir, mount) {
  const root = join(dir, 'mnt');
  mkdirSync(root);
  mount(root);
  return { root, end: () => execFileSync('umount', [root]) };
}

async function ours(dir, data) {
  const served = await serveInChild({
    module: new URL('../../../packages/overlayfs/dist/testing/served.js', import.meta.url).href,
    export: 'createDiskOverlay',
    args: [folders(dir), 'kernel', data],
    mountOptions: { transport: 'kernel' },
    lifetimeMs: 300_000,
  });
  return { root: served.mountpoint, end: () => served.stop() };
}
