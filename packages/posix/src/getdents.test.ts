import fs from 'node:fs';

import { expect, test } from '@jest/globals';

import { failed } from './errno.js';
import { DT, eachDirent, getdents } from './getdents.js';
import { SEEK, lseek } from './space.js';
import { Scratch } from './scratch.js';

function listing(
  fd: number,
  size: number,
): Map<string, { ino: bigint; type: number; off: bigint }> {
  const buffer = Buffer.alloc(size);
  const entries = new Map<string, { ino: bigint; type: number; off: bigint }>();
  for (;;) {
    const length = getdents(fd, buffer);
    expect(length).toBeGreaterThanOrEqual(0);
    if (length === 0) return entries;
    eachDirent(buffer, length, (name, ino, type, off) => entries.set(name, { ino, type, off }));
  }
}

test('every entry with name, inode and type, whatever the size of the buffer', () => {
  using scratch = new Scratch();
  const names = Array.from({ length: 300 }, (_, i) => `name-${i}-`.padEnd(1 + (i % 250), 'n'));
  names.forEach((name) => scratch.file(name));
  fs.mkdirSync(scratch.path + '/dir');
  fs.symlinkSync('x', scratch.path + '/link');
  fs.writeFileSync(Buffer.concat([Buffer.from(scratch.path + '/'), Buffer.from([0xff, 0x80])]), '');
  for (const size of [280, 4096, 65536]) {
    lseek(scratch.fd, 0, SEEK.SET);
    const entries = listing(scratch.fd, size);
    const wanted = ['.', '..', 'dir', 'link', '\xff\x80', ...names];
    expect([...entries.keys()].toSorted()).toEqual(wanted.toSorted());
    expect([entries.get('dir')?.type, entries.get('link')?.type]).toEqual([DT.DIR, DT.LNK]);
    expect(entries.get('dir')?.ino).toBe(fs.statSync(scratch.path + '/dir', { bigint: true }).ino);
  }
});

test('a position from an entry goes on behind it; a small buffer is EINVAL', () => {
  using scratch = new Scratch();
  for (let i = 0; i < 50; i++) scratch.file(`f${i}`);
  const all = [...listing(scratch.fd, 65536)];
  const tenth = all[9]?.[1].off ?? 0n;
  lseek(scratch.fd, tenth, SEEK.SET);
  expect([...listing(scratch.fd, 65536).keys()]).toEqual(all.slice(10).map(([name]) => name));
  lseek(scratch.fd, 0, SEEK.SET);
  expect(getdents(scratch.fd, Buffer.alloc(8))).toBe(failed('EINVAL'));
});
