import { expect, test } from '@jest/globals';
import { MemoryFs } from '../memory/memory-fs.js';
import { countingFs } from './counting-fs.js';
import { DirectClient } from './direct-client.js';

test('every call is counted by its method, and the answers are those of the file system', async () => {
  const { fs, calls } = countingFs(new MemoryFs());
  const client = new DirectClient(fs);
  await client.writeFile('f', 'abc');
  calls.clear();
  expect(await client.text('f')).toBe('abc');
  expect(calls.get('lookup')).toBe(1);
  expect(calls.get('open')).toBe(1);
  expect(calls.get('read')).toBe(2);
  expect(calls.get('forget')).toBe(1);
  expect(calls.get('write')).toBeUndefined();
});

test('what is absent stays absent, so that defaults are taken', () => {
  const { fs } = countingFs(new MemoryFs());
  expect('getlk' in fs).toBe(false);
});
