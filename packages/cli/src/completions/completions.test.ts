import { describe, expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { scorpioProgram } from '../programs.js';
import { bashScript } from './bash.js';
import { elvishScript } from './elvish.js';
import { fishScript } from './fish.js';
import { powershellScript } from './powershell.js';
import { levels } from './tree.js';
import { zshScript } from './zsh.js';

interface Recorded {
  shells: string[];
  globals: string[];
  bash: { function: string; register: string };
  paths: Record<string, { words?: string[]; flags?: string[]; globals: boolean }>;
}

const fixture = JSON.parse(
  readFileSync(new URL('../../fixtures/completions.json', import.meta.url), 'utf8'),
) as Recorded;
const program = scorpioProgram();
const here = levels(program).map((l) => l.path.join(' '));
/** Commands of jobs come with Antares. */
const known = Object.entries(fixture.paths).filter(([path]) => here.includes(path));
const LATER = ['mount', 'umount', 'list', 'http-mount'].filter((w) => !here.includes(w));

const SCRIPTS = {
  bash: bashScript,
  zsh: zshScript,
  fish: fishScript,
  powershell: powershellScript,
  elvish: elvishScript,
};

/** Asks a bash with the script loaded what it offers; `words` as bash would split them, the last one being typed. */
function offered(words: string[], cwd = '/'): string[] {
  const list = ['scorpio', ...words].map((w) => `'${w}'`).join(' ');
  const ask = `${bashScript(program)}
COMP_WORDS=(${list}); COMP_CWORD=${words.length}; _scorpio; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const text = execFileSync('bash', ['--norc', '-c', ask], { cwd, encoding: 'utf8' });
  return text.split('\n').filter((w) => w !== '');
}

describe('bash', () => {
  test('CLI-16: the script passes `bash -n` and registers under the recorded names', () => {
    const script = bashScript(program);
    execFileSync('bash', ['-n'], { input: script });
    expect(script).toContain(`${fixture.bash.function}() {`);
    expect(script).toContain(fixture.bash.register);
  });

  test.each(known)('CLI-16: after "%s" everything recorded is offered', (path, recorded) => {
    const words = path === '' ? [''] : [...path.split(' '), ''];
    const wanted = [
      ...(recorded.words ?? []).filter((w) => !LATER.includes(w)),
      ...(recorded.flags ?? []),
      ...(recorded.globals ? fixture.globals : []),
    ];
    expect(offered(words)).toEqual(expect.arrayContaining(wanted));
  });

  test('K-42: no placeholders, and an option value that equals a command is not taken for one', () => {
    for (const level of here)
      expect(offered([...level.split(' ').filter(Boolean), '']).join(' ')).not.toMatch(/[<[]/);
    expect(offered(['--log-level', 'doctor', ''])).toContain('config');
    expect(offered(['--log-level', 'doctor', 'config', ''])).toContain('init');
  });

  test('values: words, files and directories, also behind an equals sign', () => {
    const dir = mkdtempSync(join(tmpdir(), 'scorpio-complete-'));
    try {
      writeFileSync(join(dir, 'my.toml'), '');
      expect(offered(['-c', 'm'], dir)).toEqual(['my.toml']);
      expect(offered(['--upper-root', ''], dir)).toEqual([]);
      expect(offered(['--log-level', 'de'], dir)).toEqual(['debug']);
      expect(offered(['--log-level', '=', 'de'], dir)).toEqual(['debug']);
      expect(offered(['--log-format', '='], dir)).toEqual(['text', 'json']);
      expect(offered(['completions', 'b'], dir)).toEqual(['bash']);
      expect(offered(['config', 'init', 'm'], dir)).toEqual(['my.toml']);
    } finally {
      rmSync(dir, { recursive: true });
    }
  });
});

const shell = (name: string) =>
  (process.env['PATH'] ?? '').split(':').some((d) => existsSync(join(d, name))) ? test : test.skip;

describe('the other shells', () => {
  test.each(Object.entries(SCRIPTS))(
    'CLI-16: the script for %s knows every command and flag',
    (_shell, script) => {
      const text = script(program);
      for (const level of levels(program)) {
        for (const { word } of level.words) expect(text).toContain(word);
        for (const flag of level.flags) expect(text).toContain(flag.name.slice(2));
      }
    },
  );

  test('CLI-16: the recorded shells are all there', () => {
    expect(Object.keys(SCRIPTS).sort()).toEqual([...fixture.shells].sort());
  });

  shell('pwsh')('CLI-16: PowerShell completes (skipped where pwsh is not installed)', () => {
    const ask = `${powershellScript(program)}\n(TabExpansion2 'scorpio config in' 17).CompletionMatches.CompletionText`;
    const text = execFileSync('pwsh', ['-NoProfile', '-Command', '-'], {
      input: ask,
      encoding: 'utf8',
    });
    expect(text).toContain('init');
  });
});
