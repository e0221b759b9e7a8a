import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';

import { describe, expect, test } from '@jest/globals';
import { FILE_ATTRIBUTE, ROOT_NODE, type NodeId } from '@scorpiofs/fuse';
import { canMount, leakCheck, serveInChild } from '@scorpiofs/fuse/testing';
import { O } from '@scorpiofs/posix';

import { BOTH_WAYS, caller, Driver, errnoOf, isRoot, name, root } from './driver.js';
import { makeSource } from './source-folder.js';

const { flags } = FILE_ATTRIBUTE;

/** As a program sees it: what is printed, and what is refused. */
const SCRIPT = `
  cd "$1"
  mkdir d; echo f > f; echo f > free; ln -s f link; mkfifo fifo; chmod 666 free
  lsattr -d d; lsattr f; lsattr -p f; lsattr -d link fifo
  chattr +d d; chattr +dA f; chattr +S free; : > d/new; mkdir d/sub
  lsattr -d d d/sub; lsattr f free d/new
  chattr -d f d; lsattr f; lsattr -d d
  chattr +a f; lsattr f
  echo more >> f; echo over > f; cat f; rm -f f; mv f g; chmod 600 f
  chattr -a f; chattr +i f d
  echo more >> f; rm -f f; ln f g; chmod 600 f; touch d/in; rmdir d; cat f
  chattr -i f d; echo over > f; cat f; touch d/in; rm -r f d
  setpriv --reuid 1234 --regid 1234 --clear-groups chattr +d free
  setpriv --reuid 1234 --regid 1234 --clear-groups lsattr free
  chown 1234 free
  setpriv --reuid 1234 --regid 1234 --clear-groups chattr +d free
  setpriv --reuid 1234 --regid 1234 --clear-groups chattr +i free
  setpriv --reuid 1234 --regid 1234 --clear-groups chattr +j free
  lsattr free
`;

function play(place: string): string {
  const { stdout, stderr } = spawnSync('sh', ['-c', `exec 2>&1; ${SCRIPT}`, 'sh', place], {
    timeout: 60_000,
    encoding: 'utf8',
  });
  return (stdout + stderr).replaceAll(place, '');
}

const mountTest = canMount() ? test : test.skip;

for (const { handles } of BOTH_WAYS) {
  mountTest(
    `OV-26: lsattr and chattr on a mount are as on the source itself, handles ${handles} (needs root, /dev/fuse)`,
    async () => {
      const noLeaks = await leakCheck();
      const [plain, source] = [makeSource(os.tmpdir()), makeSource(os.tmpdir())];
      try {
        const served = await serveInChild({
          module: new URL('../dist/served.js', import.meta.url).href,
          export: 'createPassthroughFs',
          args: [source, { handles }],
          mountOptions: { transport: 'kernel', allowOther: true, suid: true, dev: true },
        });
        try {
          expect(play(served.mountpoint)).toEqual(play(plain));
        } finally {
          await served.stop();
        }
      } finally {
        for (const dir of [plain, source]) {
          // What a failure left would not go; links and FIFOs have none, and make it fail.
          spawnSync('chattr', ['-R', '-f', '-i', '-a', dir], { timeout: 10_000 });
          execFileSync('rm', ['-rf', dir]);
        }
      }
      await noLeaks();
    },
    120_000,
  );
}

const hostTest = isRoot ? test : test.skip;

describe.each(BOTH_WAYS)('handles: $handles', (handles) => {
  const get = (driver: Driver, node: NodeId) =>
    driver.fs.getFileAttributes(root, node, undefined, 'flags').bits;

  hostTest('a file system that may not be written takes no file attributes, and shows them', () => {
    using driver = new Driver({ ...handles, readOnly: true }, (dir) => {
      fs.writeFileSync(dir + '/f', '');
      execFileSync('chattr', ['+d', dir + '/f']);
    });
    const f = driver.node('f');
    expect(get(driver, f) & flags.NODUMP).toBe(flags.NODUMP);
    const set = { form: 'flags', bits: 0 } as const;
    expect(errnoOf(() => driver.fs.setFileAttributes(root, f, undefined, set))).toBe('EROFS');
  });

  hostTest('what is neither file nor directory has none, and is not opened for it', () => {
    using driver = new Driver(handles, (dir) => {
      execFileSync('mkfifo', [dir + '/fifo']);
      fs.symlinkSync('fifo', dir + '/link');
    });
    for (const each of ['fifo', 'link'])
      expect(errnoOf(() => get(driver, driver.node(each)))).toBe('ENOTTY');
  });

  hostTest('whether data is journalled is for root to say', () => {
    using driver = new Driver(handles, (dir) => fs.writeFileSync(dir + '/f', ''), os.tmpdir());
    const f = driver.node('f');
    const bits = get(driver, f) | flags.JOURNAL_DATA;
    const set = { form: 'flags', bits } as const;
    const asOther = () => driver.fs.setFileAttributes(caller(1234), f, undefined, set);
    expect(errnoOf(asOther)).toBe('EPERM');
  });

  hostTest('only what appends may open an append-only file for writing', async () => {
    using driver = new Driver(handles, (dir) => {
      fs.writeFileSync(dir + '/f', 'one ');
      execFileSync('chattr', ['+a', dir + '/f']);
    });
    try {
      const f = driver.node('f');
      expect(errnoOf(() => driver.fs.open(root, f, O.O_WRONLY))).toBe('EPERM');
      const { fh } = driver.fs.open(root, f, O.O_WRONLY | O.O_APPEND);
      await driver.fs.write(root, f, fh, 4, Buffer.from('two'), { killSuidgid: false });
      await driver.fs.release(root, f, fh);
      expect(errnoOf(() => driver.fs.unlink(root, ROOT_NODE, name('f')))).toBe('EPERM');
      expect(fs.readFileSync(driver.host('f'), 'utf8')).toBe('one two');
    } finally {
      execFileSync('chattr', ['-a', driver.host('f')]);
    }
  });
});
