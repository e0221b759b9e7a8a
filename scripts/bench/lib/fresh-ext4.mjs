import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A new ext4 in a file, mounted below `place`, with the archive unpacked in `base`. */
export function freshExt4(place, archive) {
  const [image, dir] = [join(place, 'disk.img'), join(place, 'disk')];
  writeFileSync(image, '');
  truncateSync(image, 4 * 2 ** 30);
  execFileSync('mkfs.ext4', ['-q', '-F', '-E', 'lazy_itable_init=1,nodiscard', image]);
  mkdirSync(dir, { recursive: true });
  execFileSync('mount', ['-o', 'loop', image, dir]);
  const base = join(dir, 'base');
  mkdirSync(base);
  execFileSync('tar', ['-C', base, '-xf', archive]);
  return {
    dir,
    end() {
      letGo(dir);
      rmSync(image);
    },
  };
}

/** Daemons end a moment after their mounts, and hold their layers until then. */
function letGo(dir) {
  for (let tries = 0; tries < 100; tries += 1) {
    if (spawnSync('umount', [dir]).status === 0) return;
    spawnSync('sleep', ['0.1']);
  }
  execFileSync('umount', [dir], { stdio: 'inherit' });
}
