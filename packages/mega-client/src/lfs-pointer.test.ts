import { expect, test } from '@jest/globals';
import { parseLfsPointer } from './lfs-pointer.js';
import { bodyOf, recorded } from './testing/recorded.js';

const oid = 'a'.repeat(64);
const text = (size: string, more = '') =>
  Buffer.from(
    `version https://git-lfs.github.com/spec/v1\n${more}oid sha256:${oid}\nsize ${size}\n`,
  );

test('mega 3.6: a pointer as a real server serves it', () => {
  expect(parseLfsPointer(bodyOf(recorded('blob:lfs:GET')) ?? Buffer.alloc(0))).toEqual({
    oid: '4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393',
    size: 12345,
  });
  const extended = text('5000000000', `ext-0-foo sha256:${oid}\n`);
  expect(parseLfsPointer(extended)).toEqual({ oid, size: 5_000_000_000 });
});

test('mega 3.6: what only looks like a pointer is an ordinary file', () => {
  const long = text('1', `ext-0-x ${'y'.repeat(1024)}\n`);
  for (const other of [Buffer.alloc(0), text('-1'), text('1e3'), text('9'.repeat(17)), long])
    expect(parseLfsPointer(other)).toBeUndefined();
  expect(parseLfsPointer(Buffer.concat([text('1'), Buffer.from('more\n')]))).toBeUndefined();
});
