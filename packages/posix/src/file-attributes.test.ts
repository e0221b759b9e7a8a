import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

import { expect, test } from '@jest/globals';

import { failed } from './errno.js';
import { getFileFlags, getFsxattr, setFileFlags, setFsxattr } from './file-attributes.js';
import { close } from './io.js';
import { AT_FDCWD, openat } from './openat.js';
import { O } from './arch.js';
import { made } from './made.js';

const NODUMP = 0x40;
const X_NODUMP = 0x80;
const NONE: readonly number[] = [failed('ENOTTY'), failed('EOPNOTSUPP')];

function withFile(work: (fd: number, file: string) => void): void {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'flags-'));
  const fd = openat(AT_FDCWD, path.join(dir, 'f'), O.O_RDWR | O.O_CREAT, 0o600);
  try {
    work(fd, path.join(dir, 'f'));
  } finally {
    close(fd);
    fs.rmSync(dir, { recursive: true });
  }
}

test('flags in both forms: what one sets, the other shows', () => {
  withFile((fd) => {
    const before = getFileFlags(fd);
    if (NONE.includes(before)) return;
    expect(setFileFlags(fd, before | NODUMP)).toBe(0);
    expect(getFileFlags(fd)).toBe(before | NODUMP);
    const whole = made(getFsxattr(fd));
    expect(whole.xflags & X_NODUMP).toBe(X_NODUMP);
    expect(setFsxattr(fd, { ...whole, xflags: whole.xflags & ~X_NODUMP })).toBe(0);
    expect(getFileFlags(fd)).toBe(before);
  });
});

test('an O_PATH descriptor takes no command', () => {
  withFile((_fd, file) => {
    const opath = openat(AT_FDCWD, file, O.O_PATH);
    expect(getFileFlags(opath)).toBe(failed('EBADF'));
    expect(getFsxattr(opath)).toBe(failed('EBADF'));
    expect(setFileFlags(opath, 0)).toBe(failed('EBADF'));
    close(opath);
  });
});
