import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoName, MNT, mountAsync, umount2Async } from '@scorpiofs/posix';
import { overlayOptions } from './kernel-engine.js';

/**
 * Why the kernel engine cannot unite layers here; undefined: it can. Tried, since nothing else tells: the right to mount, the file system of the uppers, the
 * kernel's configuration.
 */
export async function kernelProblem(upperRoot: string): Promise<string | undefined> {
  if (process.geteuid?.() !== 0) return 'the kernel overlay engine needs root';
  await mkdir(upperRoot, { recursive: true, mode: 0o755 });
  const place = await mkdtemp(join(upperRoot, '.trial-'));
  const at = (name: string): string => join(place, name);
  try {
    await Promise.all(['base', 'upper', 'work', 'mnt'].map((name) => mkdir(at(name))));
    const options = { upper: at('upper'), work: at('work'), cl: undefined, base: at('base') };
    const r = await mountAsync({
      source: 'antares-trial',
      target: at('mnt'),
      type: 'overlay',
      flags: 0,
      data: overlayOptions(options),
    });
    if (r < 0)
      return `the kernel mounts no overlay with its upper in ${upperRoot} (${errnoName(r) ?? `errno ${-r}`})`;
    await umount2Async(at('mnt'), MNT.DETACH);
    return undefined;
  } finally {
    await rm(place, { recursive: true, force: true });
  }
}
