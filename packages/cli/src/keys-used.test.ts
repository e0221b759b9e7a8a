import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { KEY_LIST } from '@scorpiofs/config';

const SRC = fileURLToPath(new URL('.', import.meta.url));
/** Doctor looks at every place and server, whether or not a daemon uses them. */
const lines = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
  .filter(
    (file) => file.endsWith('.ts') && !file.endsWith('.test.ts') && !file.startsWith('doctor/'),
  )
  .flatMap((file) => readFileSync(`${SRC}/${file}`, 'utf8').split('\n'));
/** `config.values.KEY`, or `const { KEY: name, … } = config.values`. */
const reads = (key: string) =>
  lines.some((line) => new RegExp(`values\\.${key}\\b|\\b${key}\\b.*values;`).test(line));
const byEffect = (kind: string) => KEY_LIST.filter((spec) => spec.effect.kind === kind);
/** Read by `prepareDirectories` and the places derived from it. */
const IN_CONFIG = ['antares_state_file', 'config_file'];

describe('docs/configuration.md says what keys do (issue 6; CFG-34, K-28)', () => {
  test.each(byEffect('effective').map((spec) => spec.key))(
    '%s has effect: something reads it',
    (key) => {
      expect(IN_CONFIG.includes(key) || reads(key)).toBe(true);
    },
  );

  test.each(byEffect('none').map((spec) => spec.key))('%s has none: nothing reads it', (key) => {
    expect(reads(key)).toBe(false);
  });

  test('what is mapped says to what', () => {
    const mapped = byEffect('mapped');
    expect(mapped.map((spec) => spec.key)).toEqual(['load_dir_depth', 'antares_load_dir_depth']);
    expect(reads('load_dir_depth')).toBe(true);
    for (const { effect } of [...mapped, ...byEffect('none')]) expect(effect.note).not.toBe('');
  });
});
