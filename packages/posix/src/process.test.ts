import fs from 'node:fs';

import { expect, test } from '@jest/globals';

import { CAP, capget, capset, encodeCapabilities, hasCapability } from './capabilities.js';
import { failed } from './errno.js';
import { made } from './made.js';
import { mkdirat } from './names.js';
import { getNofile, setfsgid, setfsuid, setNofile, umask } from './process.js';
import { Scratch } from './scratch.js';

test('the limit of descriptors can be read and lowered', () => {
  const before = made(getNofile());
  expect(before.hard).toBeGreaterThanOrEqual(before.soft);
  expect(setNofile({ soft: before.soft - 1, hard: before.hard })).toBe(0);
  expect(made(getNofile())).toEqual({ soft: before.soft - 1, hard: before.hard });
  expect(setNofile(before)).toBe(0);
  expect(setNofile({ soft: before.hard + 1, hard: before.hard })).toBe(failed('EINVAL'));
});

test('umask answers the previous one', () => {
  const before = umask(0o027);
  expect(umask(before)).toBe(0o027);
});

test('the capabilities of this thread are those /proc shows', () => {
  const status = fs.readFileSync('/proc/thread-self/status', 'utf8');
  const shown = BigInt('0x' + (/CapEff:\s*([0-9a-f]+)/.exec(status)?.[1] ?? 'bad'));
  expect(made(capget()).effective).toBe(shown);
});

(hasCapability(CAP.SETUID) && hasCapability(CAP.SETGID) ? test : test.skip)(
  'a directory made for another user belongs to them, and only this thread changed (needs CAP_SETUID)',
  () => {
    using scratch = new Scratch();
    const before = made(capget());
    setfsgid(54322);
    setfsuid(54321);
    // Without the capabilities back, a directory of mode 0700 would be closed to that user.
    const closed = mkdirat(scratch.fd, 'closed', 0o755);
    const raised = capset(encodeCapabilities(before));
    const open = mkdirat(scratch.fd, 'open', 0o755);
    const others = fs.readFileSync('/proc/self/status', 'utf8');
    setfsuid(0);
    setfsgid(0);
    expect([closed, raised, open]).toEqual([failed('EACCES'), 0, 0]);
    const { uid, gid } = fs.statSync(scratch.path + '/open');
    expect([uid, gid]).toEqual([54321, 54322]);
    expect(made(capget())).toEqual(before);
    expect(others).toMatch(/Uid:\s+0\s+0\s+0\s+54321/);
  },
);
