import { describe, expect, test } from '@jest/globals';
import { nameFromUtf8 } from '@scorpiofs/fuse';
import { Listing } from './listing.js';

const name = nameFromUtf8;

describe('a listing under way neither repeats nor loses what stays (O: readdir stability)', () => {
  test('entries removed and added between two reads', () => {
    const listing = new Listing();
    for (const n of ['a', 'b', 'c', 'd']) listing.set(name(n), 1n, 0);
    const seen: string[] = [];
    let cookie = 0;
    for (const entry of listing.after(0)) {
      seen.push(entry.name);
      cookie = entry.cookie;
      if (entry.name === 'b') break;
    }
    listing.delete(name('a'));
    listing.delete(name('c'));
    listing.set(name('e'), 2n, 0);
    listing.set(name('d'), 9n, 0);
    for (const entry of listing.after(cookie)) seen.push(entry.name);
    expect(seen).toEqual(['a', 'b', 'd', 'e']);
  });

  test('a name keeps its cookie when its inode changes', () => {
    const listing = new Listing();
    listing.set(name('a'), 1n, 0);
    const before = listing.get(name('a'))?.cookie;
    listing.set(name('a'), 2n, 0);
    expect(listing.get(name('a'))).toEqual({ name: 'a', ino: 2n, type: 0, cookie: before });
  });
});
