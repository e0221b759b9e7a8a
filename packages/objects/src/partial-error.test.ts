import { expect, test } from '@jest/globals';
import { SizesError, TreesError } from './partial-error.js';
import { EMPTY_BLOB } from './oid.js';
import { SourceError } from './source-error.js';

test('D6: a partial failure keeps each reason, and stands for the first one', () => {
  const slow = new SourceError('unreachable', 'no answer', { timedOut: true });
  const gone = new SourceError('missing', 'not there', { status: 404 });
  const trees = new TreesError(
    new Map([
      ['/a', slow],
      ['/b', gone],
    ]),
  );
  expect(trees).toMatchObject({ kind: 'unreachable', timedOut: true, message: 'no answer' });
  expect(trees).toBeInstanceOf(SourceError);
  expect(trees.failures.get('/b')).toBe(gone);
  const sizes = new SizesError(new Map([[EMPTY_BLOB, 0]]), new Map([[EMPTY_BLOB, gone]]));
  expect(sizes).toMatchObject({ kind: 'missing', status: 404 });
  expect(sizes.sizes.get(EMPTY_BLOB)).toBe(0);
});
