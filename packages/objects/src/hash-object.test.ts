import { describe, expect, test } from '@jest/globals';
import { BlobHasher } from './blob-hasher.js';
import { hashObject } from './hash-object.js';
import { EMPTY_BLOB } from './oid.js';

const HELLO = 'ce013625030ba8dba906f756967f9e9ca394464a';

describe('C04, C05: git ids', () => {
  test('are those of git', () => {
    expect(hashObject('blob', Buffer.from('hello\n'))).toBe(HELLO);
    expect(hashObject('blob', Buffer.alloc(0))).toBe(EMPTY_BLOB);
    expect(hashObject('tree', Buffer.from('hello\n'))).not.toBe(HELLO);
  });

  test('a blob in chunks has the id of the whole', () => {
    const hasher = new BlobHasher(6).update(Buffer.from('hel')).update(Buffer.from('lo\n'));
    expect(hasher.left).toBe(0);
    expect(hasher.digest()).toBe(HELLO);
  });

  test.each([5, 7])('a blob announced with %d bytes that has 6 has no id', (size) => {
    expect(new BlobHasher(size).update(Buffer.from('hello\n')).digest()).toBeUndefined();
  });
});
