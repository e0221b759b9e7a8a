import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { initConfigFile } from './init-file.js';
import { checkConfig } from './load.js';
import { templateText } from './template.js';
import { validateConfig } from './validate.js';

interface Key {
  key: string;
  template?: string;
}

const fixture = JSON.parse(
  readFileSync(new URL('../fixtures/keys.json', import.meta.url), 'utf8'),
) as { templateOrder: string[]; cases: Key[] };

let dir = '';
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'scorpio-init-'));
});
afterEach(() => rmSync(dir, { recursive: true }));

describe('config init', () => {
  test('CMD-01: the file passes validation and holds the recorded 12 keys, flat, quoted, in order', () => {
    const path = join(dir, 'scorpio.toml');
    initConfigFile(path);
    expect(validateConfig(path, {})).toMatchObject({ ok: true, warnings: [] });
    const lines = readFileSync(path, 'utf8').trimEnd().split('\n');
    expect(lines.filter((l) => l.startsWith('#'))).toHaveLength(2);
    const expected = fixture.templateOrder.map(
      (key) => `${key} = "${fixture.cases.find((c) => c.key === key)?.template}"`,
    );
    expect(lines.filter((l) => !l.startsWith('#'))).toEqual(expected);
    expect(statSync(path).mode & 0o777).toBe(0o666 & ~process.umask());
  });

  test('mega-server §8.2: scripts that rewrite one line of `base_url` find it', () => {
    const text = templateText().replace(/^base_url = "[^"]*"$/m, 'base_url = "http://git.example"');
    expect(checkConfig({ file: { path: 't', text } }).config.values.base_url).toBe(
      'http://git.example',
    );
  });

  test('CMD-02: an existing file is refused and unchanged; --force overwrites', () => {
    const path = join(dir, 'c.toml');
    writeFileSync(path, 'x\n');
    expect(() => initConfigFile(path)).toThrow(
      `refusing to overwrite existing '${path}' (use --force)`,
    );
    expect(readFileSync(path, 'utf8')).toBe('x\n');
    initConfigFile(path, { force: true });
    expect(readFileSync(path, 'utf8')).toBe(templateText());
  });

  test('CMD-03: missing directory, empty path, and a directory with --force', () => {
    const missing = join(dir, 'no/c.toml');
    expect(() => initConfigFile(missing)).toThrow(
      `failed to write '${missing}': No such file or directory (os error 2)`,
    );
    expect(() => initConfigFile('')).toThrow(
      "failed to write '': No such file or directory (os error 2)",
    );
    expect(() => initConfigFile(dir, { force: true })).toThrow('Is a directory (os error 21)');
  });

  const root = process.getuid?.() === 0 ? test : test.skip;
  root(
    'issue 6: a full disk leaves no half file that the next try would refuse (needs root)',
    () => {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4k', 'none', dir]);
      try {
        writeFileSync(join(dir, 'fill'), 'x'.repeat(4096));
        const path = join(dir, 'c.toml');
        for (const _try of [1, 2])
          expect(() => initConfigFile(path)).toThrow(/^failed to write .*No space left on device/);
        expect(readdirSync(dir)).toEqual(['fill']);
      } finally {
        execFileSync('umount', [dir]);
      }
    },
  );

  test('a dangling link is written through', () => {
    symlinkSync('target.toml', join(dir, 'l.toml'));
    initConfigFile(join(dir, 'l.toml'));
    expect(existsSync(join(dir, 'target.toml'))).toBe(true);
  });
});
