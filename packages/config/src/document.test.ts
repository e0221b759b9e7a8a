import { describe, expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { keyTables, variableList } from './document.js';
import { KEY_LIST } from './keys.js';

describe('documentation', () => {
  test('CFG-33: docs/configuration.md holds the tables made from the keys (else run scripts/generate-docs.mjs)', () => {
    const page = readFileSync(new URL('../../../docs/configuration.md', import.meta.url), 'utf8');
    expect(page).toContain(`<!-- generated: keys -->\n\n${keyTables()}\n<!-- end -->`);
  });

  test('design §7: for each key it says effective, mapped to what, or without effect and why', () => {
    for (const spec of KEY_LIST)
      if (spec.effect.kind !== 'effective') expect(spec.effect.note).not.toBe('');
    const rows = keyTables()
      .split('\n')
      .filter((l) => l.startsWith('| `'));
    expect(rows).toHaveLength(KEY_LIST.length);
    expect(rows.every((r) => /\| (yes|mapped|no)(: .+)? \|$/.test(r))).toBe(true);
  });

  test('CFG-33: the list of variables has one for every key', () => {
    expect(variableList().trim().split('\n')).toHaveLength(KEY_LIST.length);
  });
});
