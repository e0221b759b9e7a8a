import { describe, expect, test } from '@jest/globals';
import { nearest } from './nearest.js';

describe('nearest', () => {
  test('finds a slip of letters, swapped ones too, and nothing for another word', () => {
    const known = ['base_url', 'workspace', 'store_path'];
    expect(nearest('base_ulr', known)).toBe('base_url');
    expect(nearest('WORKSPCE', known)).toBe('workspace');
    expect(nearest('bogus', known)).toBeUndefined();
    expect(nearest('', known)).toBeUndefined();
    expect(nearest('x'.repeat(100_000), known)).toBeUndefined();
  });
});
