import { describe, expect, test } from '@jest/globals';
import { readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { canMount } from '@scorpiofs/fuse/testing';
import { Orion } from './testing/orion.js';
import { OrionRig } from './testing/orion-rig.js';
import { Scratch } from './testing/scratch.js';
import { appendAndTail } from './testing/workload/append-and-tail.js';

const mounted = canMount() ? describe : describe.skip;

/** The runner's look around before a build (§8.4, 5): names and attributes to a depth. */
async function shallowWalk(directory: string, depth: number): Promise<number> {
  let seen = 0;
  for (const entry of await readdir(directory, { withFileTypes: true })) {
    await stat(join(directory, entry.name));
    seen += 1;
    if (entry.isDirectory() && depth > 1)
      seen += await shallowWalk(join(directory, entry.name), depth - 1);
  }
  return seen;
}

mounted('the build runner (skipped without root and /dev/fuse)', () => {
  test('issue 5.7, mega-server §8.2, §8.4, §8.6: two views, a change list in one, a build in it, and nothing left', async () => {
    await using scratch = new Scratch();
    const rig = await OrionRig.start(scratch);
    const cl = await rig.changeList('/project/app/main.sh', '#!/bin/sh\necho changed\n');
    // As its variable may be written: without a scheme, with a slash at the end.
    const orion = new Orion(`${rig.url.replace('http://', '')}/`, 50);
    for (const attempt of [1, 2]) {
      const old = await orion.mount(`build-old-${attempt}`);
      const view = await orion.mount(`build-${attempt}`, cl);
      await orion.waitReady(old.mount_id);
      await orion.waitReady(view.mount_id);
      expect(await shallowWalk(old.mountpoint, 3)).toBe(11);
      expect(await shallowWalk(view.mountpoint, 3)).toBe(11);
      const main = (top: string) => readFile(join(top, 'project/app/main.sh'), 'utf8');
      expect(await main(old.mountpoint)).toContain('echo app');
      expect(await main(view.mountpoint)).toContain('echo changed');
      await orion.unmount(old.mount_id);
      await appendAndTail(view.mountpoint, 200);
      expect(await main(view.mountpoint)).toContain('echo changed');
      await orion.unmount(view.mount_id);
    }
    expect(await rig.left()).toEqual([]);
    expect(await scratch.mounts()).toEqual([join(scratch.dir, 'workspace'), expect.anything()]);
  });

  test('mega-server §8.4, 2: what it clears behind our back before each mount is mounted again, with the edits', async () => {
    await using scratch = new Scratch();
    const rig = await OrionRig.start(scratch);
    const orion = new Orion(rig.url, 50);
    const first = await orion.mount('retry');
    await writeFile(join(first.mountpoint, 'kept'), 'kept\n');
    await Orion.clear(first.mountpoint);
    const again = await orion.mount('retry');
    expect(again).toEqual(first);
    await orion.waitReady(again.mount_id);
    expect(await readFile(join(again.mountpoint, 'kept'), 'utf8')).toBe('kept\n');
    // Cleared, and then ended without having been mounted again.
    await Orion.clear(again.mountpoint);
    await orion.unmount(again.mount_id);
    expect(await rig.left()).toEqual([]);
    // A mount point that its own clean-up makes anew is no obstacle either.
    await rm(rig.mountRoot, { recursive: true, force: true });
    const anew = await orion.mount('retry');
    expect(await readdir(anew.mountpoint)).toContain('README.md');
    await orion.unmount(anew.mount_id);
  });

  test('D9, D14: the daemon is killed in the middle of a build; after its start the build goes on in the same view', async () => {
    await using scratch = new Scratch();
    const rig = await OrionRig.start(scratch);
    const cl = await rig.changeList('/project/app/main.sh', '#!/bin/sh\necho changed\n');
    const orion = new Orion(rig.url, 50);
    const { mount_id, mountpoint } = await orion.mount('build', cl);
    await appendAndTail(mountpoint, 50);
    await rig.daemon?.kill();
    await rig.startDaemon();
    const later = new Orion(rig.url, 50);
    await later.waitReady(mount_id);
    expect(await later.mount('build', cl)).toEqual({ mount_id, mountpoint });
    const log = await readFile(join(mountpoint, 'event.jsonl'), 'utf8');
    expect(log.trimEnd().split('\n')).toHaveLength(50);
    expect(await readFile(join(mountpoint, 'project/app/main.sh'), 'utf8')).toContain('changed');
    await later.unmount(mount_id);
    expect(await rig.left()).toEqual([]);
  });
});
