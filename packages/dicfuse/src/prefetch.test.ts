import { describe, expect, test } from '@jest/globals';
import { Fixture } from './testing/fixture.js';
import { Kernel } from './testing/kernel.js';
import type { Files } from './testing/repository.js';
import { unreachable } from './testing/watched-source.js';

const FILES: Files = {
  'src/a.ts': 'a'.repeat(100),
  'src/b.md': 'b'.repeat(100),
  'src/deep/c.ts': 'c'.repeat(1000),
  'src/deep/er/d.ts': 'd'.repeat(100),
  top: 'top\n',
};

describe.each([
  ['extension', false],
  ['plain', true],
])('prefetch (%s)', (_, plain) => {
  test('fs: D-30: all listings, then everything is known without the source', async () => {
    await using fixture = await Fixture.start([FILES], { plain });
    const { view } = await fixture.view();
    const progress: number[] = [];
    const result = await view.prefetch({ onProgress: (now) => progress.push(now.directories) });
    expect(result).toMatchObject({ directories: 4, files: 0, bytes: 0, failed: 0 });
    expect(progress.at(-1)).toBe(4);
    fixture.source.failure = unreachable();
    expect(await new Kernel(view.fileSystem).walk('/')).toHaveLength(8);
  });

  test('fs: D-30: depth', async () => {
    await using fixture = await Fixture.start([FILES], { plain });
    const { view } = await fixture.view();
    expect(await view.prefetch({ depth: 2 })).toMatchObject({ directories: 2 });
    expect(await view.prefetch({ depth: 0 })).toMatchObject({ directories: 0 });
    expect(fixture.source.answered.includes('/src/deep/er')).toBe(false);
  });

  test('fs: D-30, W-15: contents that match, within the budget', async () => {
    await using fixture = await Fixture.start([FILES], { plain });
    const { view } = await fixture.view();
    const result = await view.prefetch({ contents: ['**/*.ts'], maxBytes: 250 });
    expect(result).toEqual({ directories: 4, files: 2, bytes: 200, skipped: 1, failed: 0 });
    expect(fixture.store.contents.size).toBe(2);
    expect(await view.prefetch({ contents: ['**/*.ts'] })).toMatchObject({ files: 1, bytes: 1000 });
  });

  test('stops when told to, and counts what fails', async () => {
    await using fixture = await Fixture.start([FILES], { plain });
    const { view } = await fixture.view();
    await expect(view.prefetch({ signal: AbortSignal.abort(new Error('enough')) })).rejects.toThrow(
      'enough',
    );
    fixture.source.failure = unreachable();
    expect(await view.prefetch()).toMatchObject({ directories: 1, failed: 1 });
    await view.close();
  });
});
