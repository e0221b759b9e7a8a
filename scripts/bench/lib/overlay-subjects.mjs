import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const PROGRAM = fileURLToPath(new URL('../../../apps/scorpio/bin/scorpio.js', import.meta.url));

/** Who is measured: each gets a folder with the lower layer in `base`, and gives the directory to work in and what ends it. */
export function makeSubjects() {
  const subjects = {
    async ext4(dir) {
      return { root: join(dir, 'base'), end: () => undefined };
    },
    async 'kernel overlay'(dir) {
      const options = `${layers(dir)},redirect_dir=on,xino=on,index=off`;
      return mounted(dir, (root) =>
        execFileSync('mount', ['-t', 'overlay', 'overlay', '-o', options, root]),
      );
    },
    async 'fuse-overlayfs'(dir) {
      const options = layers(dir);
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

/** Makes upper and work, and says so in the words that all overlays take. */
function layers(dir) {
  const [upper, work] = [join(dir, 'upper'), join(dir, 'work')];
  for (const path of [upper, work]) mkdirSync(path);
  return `lowerdir=${join(dir, 'base')},upperdir=${upper},workdir=${work}`;
}

function mounted(dir, mount) {
  const root = join(dir, 'mnt');
  mkdirSync(root);
  mount(root);
  return { root, end: () => execFileSync('umount', [root]) };
}

/** The program itself, started as in a shell: it has mounted when the command returns, and serves from a process of its own. */
function ours(dir, data) {
  const options = `${layers(dir)},data=${data}`;
  return mounted(dir, (root) =>
    execFileSync(process.execPath, [PROGRAM, 'overlay', '-o', options, root], { cwd: '/' }),
  );
}
