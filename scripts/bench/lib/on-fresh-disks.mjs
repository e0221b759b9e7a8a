import { freshExt4 } from './fresh-ext4.mjs';

/**
 * Calls `use(root, name)` for each subject, `rounds` times in turn, each on a fresh ext4 below `place` with the archive unpacked:
 * on one in use, making files takes many times longer while others remove some.
 */
export async function onFreshDisks({ place, archive, rounds, names, subjects }, use) {
  for (let round = 0; round < rounds; round += 1)
    for (const name of names) {
      const disk = freshExt4(place, archive);
      try {
        const { root, end } = await subjects[name](disk.dir);
        try {
          await use(root, name);
        } finally {
          await end();
        }
      } finally {
        disk.end();
      }
    }
}
