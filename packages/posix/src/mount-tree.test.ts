import fs from 'node:fs';

import { expect, test } from '@jest/globals';

import { CAP, hasCapability } from './capabilities.js';
import { failed } from './errno.js';
import { close } from './io.js';
import { MNT, umount2 } from './mount.js';
import {
  MOUNT_ATTR,
  MOVE_MOUNT,
  mountSetattr,
  moveMount,
  moveMountAsync,
  OPEN_TREE,
  openTree,
} from './mount-tree.js';
import { AT_FDCWD } from './openat.js';
import { Scratch } from './scratch.js';
import { AT_EMPTY_PATH } from './stat.js';

(hasCapability(CAP.SYS_ADMIN) ? test : test.skip)(
  'a read-only clone of a tree, mounted elsewhere (needs CAP_SYS_ADMIN)',
  () => {
    using scratch = new Scratch();
    fs.mkdirSync(scratch.path + '/from');
    fs.mkdirSync(scratch.path + '/to');
    scratch.file('from/f', 'content');
    const target = scratch.path + '/to';
    const clone = openTree(scratch.fd, 'from', OPEN_TREE.CLONE);
    expect(clone).toBeGreaterThanOrEqual(0);
    try {
      expect(mountSetattr(clone, '', AT_EMPTY_PATH, { set: MOUNT_ATTR.RDONLY })).toBe(0);
      expect(moveMount(clone, '', AT_FDCWD, target, MOVE_MOUNT.F_EMPTY_PATH)).toBe(0);
      expect(fs.readFileSync(target + '/f', 'utf8')).toBe('content');
      expect(() => fs.writeFileSync(target + '/f', 'x')).toThrow(/EROFS/);
    } finally {
      close(clone);
      umount2(target, MNT.DETACH);
    }
  },
);

test('errors are values', async () => {
  const denied = [failed('ENOENT'), failed('EPERM')];
  expect(denied).toContain(openTree(AT_FDCWD, '/does/not/exist', OPEN_TREE.CLONE));
  expect(denied).toContain(await moveMountAsync('/does/not/exist', '/', 0));
});
